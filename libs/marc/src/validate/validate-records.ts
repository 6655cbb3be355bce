import type { Problem } from '../problem.ts'
import { problemCodes } from '../problem.ts'
import type { Reading, RecordReading } from '../reading.ts'
import { SeenTexts } from './seen-texts.ts'
import type { DuplicateSummary, ProblemExample, ProblemSummary, ValidationReport } from './validation-report.ts'

export interface ValidateOptions {
  /** Control numbers, and as many LCCNs, remembered to find duplicates; 12 to 24 bytes each. */
  readonly maxIds?: number
  /** Places shown per problem and per kind of duplicate. */
  readonly maxExamples?: number
}

const DEFAULT_MAX_IDS = 20_000_000
const DEFAULT_MAX_EXAMPLES = 5
const SEVERITIES = ['error', 'warning', 'info'] as const

/**
 * Checks a whole file before it is migrated: what would be lost, what was set right, by problem and tag; encodings; duplicates of
 * 001 (with 003) and of 010 $a. Memory grows by a few bytes per record and no more.
 *
 * @param readings all of one file, as `openRecords` gives them
 */
export async function validateRecords(
  readings: AsyncIterable<Reading> | Iterable<Reading>,
  options: ValidateOptions = {}
): Promise<ValidationReport> {
  const tally = new Tally(options)
  for await (const reading of readings) tally.add(reading)
  return tally.report()
}

class Tally {
  readonly #maxExamples: number
  readonly #problems = new Map<string, ProblemTally>()
  readonly #encodings = new Map<string, number>()
  readonly #types = new Map<string, number>()
  readonly #controlNumbers: Duplicates
  readonly #lccns: Duplicates
  #records = 0
  #errors = 0
  #recordsWithWarnings = 0

  constructor({ maxIds = DEFAULT_MAX_IDS, maxExamples = DEFAULT_MAX_EXAMPLES }: ValidateOptions) {
    this.#maxExamples = maxExamples
    this.#controlNumbers = new Duplicates(maxIds, maxExamples)
    this.#lccns = new Duplicates(maxIds, maxExamples)
  }

  add(reading: Reading): void {
    if (reading.ok) {
      this.#addRecord(reading)
      return
    }
    this.#errors += 1
    this.#addProblems([reading.problem], reading.index, undefined)
  }

  #addRecord(reading: RecordReading): void {
    const { index, marc, controlNumber, controlNumberIdentifier = '', problems, encoding } = reading
    this.#records += 1
    count(this.#encodings, encoding)
    count(this.#types, marc.charAt('{"leader":"'.length + 6))
    if (controlNumber !== undefined) this.#controlNumbers.add(`${controlNumberIdentifier} ${controlNumber}`.trim(), index)
    const lccn = lccnOf(marc)
    if (lccn !== undefined) this.#lccns.add(lccn, index)
    if (problems.length === 0) return
    if (problems.some(({ severity }) => severity !== 'info')) this.#recordsWithWarnings += 1
    this.#addProblems(problems, index, controlNumber)
  }

  #addProblems(problems: readonly Problem[], index: number, controlNumber: string | undefined): void {
    const seen = new Set<string>()
    for (const problem of problems) {
      const tally = this.#problems.get(problem.code) ?? new ProblemTally(problem)
      this.#problems.set(problem.code, tally)
      tally.add(problem, index, controlNumber, !seen.has(problem.code), this.#maxExamples)
      seen.add(problem.code)
    }
  }

  report(): ValidationReport {
    const problems = [...this.#problems.values()].map((tally) => tally.summary())
    return {
      records: this.#records,
      errors: this.#errors,
      recordsWithWarnings: this.#recordsWithWarnings,
      encodings: Object.fromEntries(this.#encodings),
      types: Object.fromEntries(this.#types),
      problems: problems.toSorted(
        (a, b) => SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) || b.records - a.records
      ),
      duplicates: { controlNumbers: this.#controlNumbers.summary(), lccns: this.#lccns.summary() }
    }
  }
}

class ProblemTally {
  readonly #problem: Problem
  readonly #tags = new Map<string, number>()
  readonly #examples: ProblemExample[] = []
  #count = 0
  #records = 0

  constructor(problem: Problem) {
    this.#problem = problem
  }

  add(
    { tag, offset, message }: Problem,
    index: number,
    controlNumber: string | undefined,
    first: boolean,
    maxExamples: number
  ): void {
    this.#count += 1
    if (first) this.#records += 1
    if (tag !== undefined) count(this.#tags, tag)
    if (!first || this.#examples.length >= maxExamples) return
    this.#examples.push({
      index,
      offset,
      ...(controlNumber === undefined ? {} : { controlNumber }),
      ...(tag === undefined ? {} : { tag }),
      message
    })
  }

  summary(): ProblemSummary {
    const { code } = this.#problem
    const tags = [...this.#tags].map(([tag, tagCount]) => ({ tag, count: tagCount })).toSorted((a, b) => b.count - a.count)
    return { code, ...problemCodes[code], count: this.#count, records: this.#records, tags, examples: this.#examples }
  }
}

class Duplicates {
  readonly #seen: SeenTexts
  readonly #maxExamples: number
  readonly #examples: { value: string; firstIndex: number; index: number }[] = []
  #records = 0

  constructor(maxIds: number, maxExamples: number) {
    this.#seen = new SeenTexts(maxIds)
    this.#maxExamples = maxExamples
  }

  add(value: string, index: number): void {
    const firstIndex = this.#seen.add(value, index)
    if (firstIndex === undefined) return
    this.#records += 1
    if (this.#examples.length < this.#maxExamples) this.#examples.push({ value, firstIndex, index })
  }

  summary(): DuplicateSummary {
    return { records: this.#records, examples: this.#examples, complete: !this.#seen.isFull }
  }
}

/** 010 $a without blanks, of canonical text; only its few characters are parsed. */
function lccnOf(marc: string): string | undefined {
  const field = /\{"010":\{"ind1":"(?:[^"\\]|\\.)+","ind2":"(?:[^"\\]|\\.)+","subfields":\[([^\]]*)\]/.exec(marc)
  const value = /\{"a":("(?:[^"\\]|\\.)*")\}/.exec(field?.[1] ?? '')
  const lccn = value === null ? '' : (JSON.parse(value[1] ?? '""') as string).replace(/\s+/g, '')
  return lccn === '' ? undefined : lccn
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}
