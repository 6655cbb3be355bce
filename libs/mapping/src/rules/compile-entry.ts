import type { FieldBuffer } from '../record/record-buffer.ts'
import { compileItem } from './compile-item.ts'
import type { CompileContext, EntryFlags } from './compile-item.ts'
import type { JsonObject } from './rules-document.ts'
import { codeOf, isObject, textOf } from './rules-document.ts'
import type { Run } from './run.ts'

/** Whether an entry runs for these indicators. */
type IndicatorTest = (field: FieldBuffer) => boolean

interface Indicators {
  readonly ind1: number
  readonly ind2: number
}

const ANY = -3
const NONE = -2

/** All entries of a tag that a data field meets, in order. */
export function compileEntries(entries: readonly JsonObject[], context: CompileContext): (run: Run) => void {
  const filters = entries.map(({ indicators }) => (isObject(indicators) ? indicatorsOf(indicators) : null))
  const steps = entries.map((entry, index) => ({
    meets: indicatorTest(filters, index),
    firstFieldOnly: entry['ignoreSubsequentFields'] === true,
    run: tracedEntry(compileEntry(entry, context), index, context)
  }))
  const { trace } = context
  return (run) => {
    for (const { meets, firstFieldOnly, run: runEntry } of steps) {
      if (run.field === null || (meets !== null && !meets(run.field))) continue
      if (firstFieldOnly) {
        if (run.usedTags.has(run.tag)) {
          trace?.dropped(null, `it takes the first field of ${run.tag} only`)
          continue
        }
        run.usedTags.add(run.tag)
      }
      runEntry(run)
    }
  }
}

function tracedEntry(runEntry: (run: Run) => void, index: number, { trace }: CompileContext): (run: Run) => void {
  if (trace === undefined) return runEntry
  return (run) => {
    trace.entry(index)
    runEntry(run)
  }
}

function indicatorsOf({ ind1, ind2 }: JsonObject): Indicators {
  return { ind1: indicatorOf(ind1), ind2: indicatorOf(ind2) }
}

function indicatorOf(value: unknown): number {
  const text = textOf(value)
  if (text === '*') return ANY
  return text === null || text.length !== 1 ? NONE : codeOf(text)
}

/** Null = runs for every field. */
function indicatorTest(filters: readonly (Indicators | null)[], index: number): IndicatorTest | null {
  const own = filters[index]
  const others = filters.filter((filter) => filter !== null)
  if (others.length === 0) return null
  if (own !== null && own !== undefined) {
    return ({ ind1, ind2 }) => (own.ind1 === ANY || own.ind1 === ind1) && (own.ind2 === ANY || own.ind2 === ind2)
  }
  // An equal first indicator alone keeps the entry without indicators from running, whatever the second is.
  return ({ ind1, ind2 }) =>
    !others.some((other) => other.ind1 === ind1 || (other.ind1 === ANY && (other.ind2 === ANY || other.ind2 === ind2)))
}

function compileEntry(entry: JsonObject, context: CompileContext): (run: Run) => void {
  const entity = entry['entity']
  const grouped = Array.isArray(entity)
  const flags: EntryFlags = {
    keepTrailingBackslash: entry['keepTrailingBackslash'] === true,
    perSubfield: entry['entityPerRepeatedSubfield'] === true,
    grouped
  }
  const items = (grouped ? entity.map((item: unknown) => (isObject(item) ? item : {})) : [entry]).map((item) =>
    compileItem(item, flags, context)
  )
  return (run) => {
    if (run.slots.length > 0) run.slots.length = 0
    if (run.usedCodes.length > 0) run.usedCodes.length = 0
    for (const item of items) {
      if (run.field === null || (item.allows !== null && !item.allows(run.field))) return
      item.handle(run, run.field)
    }
    if (grouped) run.fresh = true
  }
}
