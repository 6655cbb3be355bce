import type { EntityType, SourceRow } from '@marc-migrations/domain'
import { compileMapping } from '@marc-migrations/mapping'
import { asStored, authorityInput, instanceInput } from './map-input.ts'
import type { MapInput } from './map-input.ts'
import { inTurn, printLine, round2 } from './parse-measure.ts'
import type { Work } from './parse-measure.ts'

const ROUNDS = 15
const MB = 1024 * 1024

/**
 * The benchmarks of mapping, one JSON line each. `map-vs-floor` is our rate divided by that of JSON.parse + JSON.stringify of
 * the same records in the same rounds; `timesFloor` is the same turned round, CPU per record.
 */
export async function run(): Promise<void> {
  const authorities = authorityInput()
  await compareWithFloor('', 'authority', authorities)
  await compareWithFloor('-stored', 'authority', asStored(authorities))
  const instances = instanceInput()
  await compareWithFloor('-instance', 'instance', instances)
  await compareWithFloor('-instance-stored', 'instance', asStored(instances))
  measureMemory(authorities)
}

async function compareWithFloor(suffix: string, entityType: EntityType, input: MapInput): Promise<void> {
  const n = input.records.length
  const facts = { n, rounds: ROUNDS, records: input.from }
  const { perCpuSecond, ratio } = await inTurn(mapAll(entityType, input), floor(input.records), ROUNDS)
  printLine({ name: `map-only${suffix}`, unit: 'records/CPU-s', value: perCpuSecond, ratio: null, ...facts })
  const timesFloor = round2(1 / ratio)
  printLine({ name: `map-vs-floor${suffix}`, unit: 'ratio', value: ratio, ratio, timesFloor, ...facts })
}

function mapAll(entityType: EntityType, { records, rules, params }: MapInput): Work {
  const mapping = compileMapping({ entityType, rules, params })
  const rows = records.map((marc, at) => rowOf(marc, at))
  return () => {
    let seen = 0
    for (const row of rows) {
      const result = mapping.remapRow(row)
      if (!result.ok) throw new Error(result.reasonLine)
      // Reading a character makes the text whole; until then it is only a plan of its pieces.
      seen += result.line.charCodeAt(result.line.length >> 1)
    }
    return seen > 0 ? rows.length : 0
  }
}

function floor(records: readonly string[]): Work {
  return () => {
    let seen = 0
    for (const text of records) seen += JSON.stringify(JSON.parse(text)).length
    return seen > 0 ? records.length : 0
  }
}

function rowOf(marc: string, at: number): SourceRow {
  const tail = String(at).padStart(12, '0')
  return {
    marcId: `aaaaaaaa-0000-4000-8000-${tail}`,
    recordId: `bbbbbbbb-0000-4000-8000-${tail}`,
    marc,
    state: 'ACTUAL',
    version: 1
  }
}

/** A million records through one compiled mapping: resident memory at the end against that after a fifth. */
function measureMemory(input: MapInput): void {
  const n = 1_000_000
  const mapOnce = mapAll('authority', input)
  let atFifth = 0
  for (let done = 0; done < n; done += input.records.length) {
    void mapOnce()
    if (atFifth === 0 && done >= n / 5) atFifth = process.memoryUsage.rss()
  }
  const atEnd = process.memoryUsage.rss()
  const facts = { n, rounds: 1, records: input.from }
  printLine({
    name: 'map-memory',
    unit: 'MB',
    value: round2((atEnd - atFifth) / MB),
    ratio: round2(atEnd / atFifth),
    ...facts
  })
}
