import type { Draft } from './entity/draft.ts'
import { MappingError, RecordFailed } from './record-failed.ts'
import { readOddRecord } from './record/read-record.ts'
import { NO_INDICATOR, RecordBuffer } from './record/record-buffer.ts'
import type { FieldBuffer } from './record/record-buffer.ts'
import { rebuildLeader } from './record/leader.ts'
import { mapRecord } from './rules/map-record.ts'
import type { TagPlan } from './rules/compile-tag.ts'
import type { TagPlans } from './rules/map-record.ts'
import { Run } from './rules/run.ts'
import { codesText } from './rules/trace.ts'
import type { Trace } from './rules/trace.ts'

/** One thing that was made of a field, or why nothing was. */
export interface ExplainedStep {
  /** `LDR`, a tag, or the name of the step that follows the rules. */
  readonly tag: string
  /** The field as it is read: `100 1# $a Doe, John`; what a field in another script was mapped as stands behind. */
  readonly field: string
  /** Which entry of the tag's rules, from 1; absent where no entry had a part in it. */
  readonly entry?: number
  readonly target?: string
  /** What was written; absent when it was dropped. */
  readonly value?: string
  /** Why nothing was written. */
  readonly dropped?: string
}

/** What the mapper did with one record. */
export interface Explanation {
  /** `nothing`: the mapper gives nothing; `error`: it throws. */
  readonly outcome: 'mapped' | 'nothing' | 'error'
  /** Why it was not mapped. */
  readonly reason?: string
  /** In the order of the mapping, up to what stopped it. */
  readonly steps: readonly ExplainedStep[]
  /** As `mapBare` gives it. */
  readonly entity?: unknown
}

/** A trace that makes steps of what it hears. */
export class StepTrace implements Trace {
  readonly steps: ExplainedStep[] = []
  #tag = ''
  #field = ''
  #entry: number | undefined
  #taken = new Set<number>()

  get count(): number {
    return this.steps.length
  }

  field(tag: string, field: string): void {
    this.#tag = tag
    this.#field = field
    this.#entry = undefined
    this.#taken.clear()
  }

  entry(index: number): void {
    this.#entry = index + 1
  }

  took(code: number): void {
    this.#taken.add(code)
  }

  wrote(target: string, value: string): void {
    this.#add({ target, value })
  }

  dropped(target: string | null, why: string): void {
    this.#add({ ...(target !== null && { target }), dropped: why })
  }

  /** Names the subfields of a field that no entry took. */
  leftOver(codes: readonly number[]): void {
    const left = [...new Set(codes)].filter((code) => !this.#taken.has(code))
    const noneRan = this.#entry === undefined
    this.#entry = undefined
    if (noneRan) this.dropped(null, 'no entry is for these indicators')
    else if (left.length > 0) this.dropped(null, `no entry that ran takes ${codesText(left)}`)
  }

  #add(step: Pick<ExplainedStep, 'target' | 'value' | 'dropped'>): void {
    const entry = this.#entry === undefined ? {} : { entry: this.#entry }
    this.steps.push({ tag: this.#tag, field: this.#field, ...entry, ...step })
  }
}

interface ExplainParts {
  /** Compiled with the trace. */
  readonly plans: TagPlans
  readonly trace: StepTrace
  readonly draft: Draft
  /** What follows the rules: source file, or repairs. */
  readonly finish: (record: RecordBuffer, draft: Draft) => void
  /** The entity as it stands. */
  readonly entityOf: (draft: Draft) => Readonly<Record<string, unknown>>
  /** The step after the rules throws where the rules gave nothing. */
  readonly nothingIsError: boolean
}

/** Maps one record and tells what every rule did. Slow: compiled and read anew for each record. */
export function explainRecord(marc: string, parts: ExplainParts): Explanation {
  const { trace, draft, finish, entityOf } = parts
  const record = new RecordBuffer()
  try {
    readOddRecord(marc, record)
    record.leader = rebuildLeader(record.leader)
    const run = new Run(draft)
    mapRecord(explained(parts.plans, trace, run), run, record)
    const before = entityOf(draft)
    finish(record, draft)
    const entity = entityOf(draft)
    traceFinish(trace, before, entity)
    return { outcome: 'mapped', steps: trace.steps, entity }
  } catch (error) {
    if (!(error instanceof RecordFailed) && !(error instanceof MappingError)) throw error
    const outcome = error instanceof RecordFailed && !parts.nothingIsError ? 'nothing' : 'error'
    return { outcome, reason: error.message, steps: trace.steps }
  }
}

/** Plans that name the field to the trace before they run, and what is left of it after. */
function explained(plans: TagPlans, trace: StepTrace, run: Run): TagPlans {
  return {
    of: (tag) => explainedPlan(plans.of(tag), tag, trace, run)
  }
}

function explainedPlan(plan: TagPlan | undefined, tag: string, trace: StepTrace, run: Run): TagPlan {
  const noRules = (field: string) => {
    trace.field(tag, field)
    if (tag !== 'LDR') trace.dropped(null, `there are no rules for ${tag}`)
  }
  return {
    replacedTag: plan?.replacedTag ?? null,
    control: (_run, text) => {
      if (plan === undefined) return noRules(`${tag} ${text}`)
      trace.field(tag, `${tag} ${text}`)
      plan.control(run, text)
    },
    data: () => {
      const { field } = run
      if (field === null) return
      const text = field.tag === tag ? fieldText(field) : `${fieldText(field)} (as ${tag})`
      if (plan === undefined) return noRules(text)
      trace.field(tag, text)
      plan.data(run)
      trace.leftOver(field.codes.slice(0, field.size))
    }
  }
}

function traceFinish(
  trace: StepTrace,
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>
): void {
  trace.field('after the rules', '')
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [was, is] = [JSON.stringify(before[key]), JSON.stringify(after[key])] as (string | undefined)[]
    if (was === is) continue
    if (is === undefined) trace.dropped(key, `${was ?? ''} is taken out`)
    else trace.wrote(key, is)
  }
}

function fieldText(field: FieldBuffer): string {
  let text = `${field.tag} ${indicatorText(field.ind1)}${indicatorText(field.ind2)}`
  for (let i = 0; i < field.size; i++) text += ` $${String.fromCharCode(field.codes[i] ?? 0)} ${field.values[i] ?? ''}`
  return text
}

function indicatorText(unit: number): string {
  if (unit === NO_INDICATOR) return '?'
  return unit === 0x20 ? '#' : String.fromCharCode(unit)
}
