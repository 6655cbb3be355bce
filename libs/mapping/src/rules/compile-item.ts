import { RECORD_ITSELF } from '../entity/draft.ts'
import type { EntitySchema } from '../entity/schema.ts'
import type { ReferenceLists } from '../functions/reference-lists.ts'
import { hasSubfield } from '../record/record-buffer.ts'
import type { FieldBuffer } from '../record/record-buffer.ts'
import { RecordFailed } from '../record-failed.ts'
import { compileCollect } from './compile-collect.ts'
import type { SlotWriter } from './compile-collect.ts'
import { compileJoin } from './compile-join.ts'
import type { Join } from './compile-join.ts'
import { compileSplit } from './compile-split.ts'
import { compileTarget } from './compile-target.ts'
import type { Target } from './compile-target.ts'
import { compileTextRules } from './compile-text-rules.ts'
import type { JsonObject } from './rules-document.ts'
import { codesOf, isObject, textOf } from './rules-document.ts'
import type { HandleField } from './run.ts'
import { refusal, tracedHandle, tracedTarget } from './trace.ts'
import type { Trace } from './trace.ts'

/** What the compilation of one operation shares. */
export interface CompileContext {
  readonly schema: EntitySchema
  readonly lists: ReferenceLists
  /** Only to explain a mapping. */
  readonly trace?: Trace
}

/** Flags an item takes from its entry. */
export interface EntryFlags {
  readonly keepTrailingBackslash: boolean
  readonly perSubfield: boolean
  /** The entry has an `entity`; with `perSubfield` each subfield then fills an object of its own. */
  readonly grouped: boolean
}

export interface Item {
  /** `requiredSubfield` and `exclusiveSubfield`; where they fail the whole entry stops. Null = always. */
  readonly allows: ((field: FieldBuffer) => boolean) | null
  readonly handle: HandleField
}

export function compileItem(item: JsonObject, flags: EntryFlags, context: CompileContext): Item {
  const required = codesOf(item['requiredSubfield']) ?? []
  const exclusive = codesOf(item['exclusiveSubfield']) ?? []
  const { trace } = context
  const allows = (field: FieldBuffer) => {
    for (const code of required) if (!hasSubfield(field, code)) return false
    for (const code of exclusive) if (hasSubfield(field, code)) return false
    return true
  }
  const tracedAllows = (field: FieldBuffer) => {
    const allowed = allows(field)
    if (!allowed) trace?.dropped(textOf(item['target']), refusal(field, required, exclusive))
    return allowed
  }
  return {
    allows: required.length + exclusive.length === 0 ? null : trace === undefined ? allows : tracedAllows,
    handle: compileHandle(item, flags, context)
  }
}

function failing(reason: string): HandleField {
  return () => {
    throw new RecordFailed(reason)
  }
}

function compileHandle(item: JsonObject, flags: EntryFlags, context: CompileContext): HandleField {
  const selected = codesOf(item['subfield'])
  const path = textOf(item['target'])
  if (selected === null) return failing(`the entry for ${path ?? 'no target'} has no subfield list`)
  const join = compileJoin(item['subFieldDelimiter'], flags.perSubfield)
  if (path === null) return failing('an entry has no target')
  const target = compileTarget(context.schema, path)
  const { trace } = context
  const plainHandle: HandleField =
    target === null
      ? (run) => join?.begin(run)
      : compileWriting(
          item,
          { selected, join, target: trace === undefined ? target : tracedTarget(target, path, trace) },
          flags,
          context
        )
  if (trace === undefined) return plainHandle
  return tracedHandle(plainHandle, { path, selected, rules: item['rules'], isValid: target !== null }, trace)
}

interface ItemParts {
  readonly selected: readonly number[]
  readonly join: Join | null
  readonly target: Target
}

function compileWriting(
  item: JsonObject,
  { selected, join, target }: ItemParts,
  flags: EntryFlags,
  context: CompileContext
): HandleField {
  const split = compileSplit(item['subFieldSplit'])
  const onJoined = item['applyRulesOnConcatenatedData'] === true
  const rules = compileTextRules(item['rules'], context.lists, flags.keepTrailingBackslash)
  const eachApart = flags.perSubfield && flags.grouped
  const collect = compileCollect({
    selected,
    rules: onJoined ? null : rules,
    join,
    perSubfield: flags.perSubfield,
    firstOnly: item['ignoreSubsequentSubfields'] === true,
    toSlot: eachApart ? slotWriter(target) : null
  })
  const alternative = item['alternativeMapping']
  const handleAlternative = isObject(alternative) && !eachApart ? compileHandle(alternative, flags, context) : null

  return (run, given) => {
    join?.begin(run)
    const field = split === null ? given : split(given)
    run.field = field
    const collected = collect(run, field)
    if (collected === null || eachApart) return
    const text = onJoined ? rules(collected, run) : collected
    if (text !== '') target.write(run, text)
    else if (handleAlternative !== null) {
      run.usedCodes.length = 0
      handleAlternative(run, field)
    }
  }
}

/** Fills the object of one subfield position; the object the field is filling stays as it is. */
function slotWriter({ write, fillsObject }: Target): SlotWriter {
  return (run, position, text) => {
    const slot = run.slots[position]
    run.fresh = slot === undefined
    if (text === '') return
    const current = run.current
    run.current = slot ?? RECORD_ITSELF
    write(run, text)
    if (fillsObject) run.slots[position] = run.current
    run.current = current
    run.fresh = slot === undefined
  }
}
