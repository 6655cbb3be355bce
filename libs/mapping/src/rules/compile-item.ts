import type { EntitySchema } from '../entity/schema.ts'
import type { ReferenceLists } from '../functions/reference-lists.ts'
import type { FieldBuffer } from '../record/record-buffer.ts'
import { RecordFailed } from '../record-failed.ts'
import { RECORD_ITSELF } from '../entity/draft.ts'
import { compileJoin } from './compile-join.ts'
import { compileSplit } from './compile-split.ts'
import { compileTarget } from './compile-target.ts'
import { compileTextRules } from './compile-text-rules.ts'
import type { JsonObject } from './rules-document.ts'
import { codesOf, isObject, textOf } from './rules-document.ts'
import type { Run } from './run.ts'

/** What the compilation of one operation shares. */
export interface CompileContext {
  readonly schema: EntitySchema
  readonly lists: ReferenceLists
}

/** Flags an item takes from its entry. */
export interface EntryFlags {
  readonly keepTrailingBackslash: boolean
  readonly perSubfield: boolean
  /** The entry has an `entity`; with `perSubfield` each subfield then fills an object of its own. */
  readonly grouped: boolean
}

export interface Item {
  /** `requiredSubfield` and `exclusiveSubfield`; where they fail the whole entry stops. */
  allows(field: FieldBuffer): boolean
  handle(run: Run, field: FieldBuffer): void
}

export function compileItem(item: JsonObject, flags: EntryFlags, context: CompileContext): Item {
  const required = codesOf(item['requiredSubfield']) ?? []
  const exclusive = codesOf(item['exclusiveSubfield']) ?? []
  const handle = compileHandle(item, flags, context)
  return {
    allows: (field) => required.every((code) => has(field, code)) && !exclusive.some((code) => has(field, code)),
    handle
  }
}

function has(field: FieldBuffer, code: number): boolean {
  for (let i = 0; i < field.size; i++) if (field.codes[i] === code) return true
  return false
}

function failing(reason: string): Item['handle'] {
  return () => {
    throw new RecordFailed(reason)
  }
}

function compileHandle(item: JsonObject, flags: EntryFlags, context: CompileContext): Item['handle'] {
  const selected = codesOf(item['subfield'])
  const path = textOf(item['target'])
  if (selected === null) return failing(`the entry for ${path ?? 'no target'} has no subfield list`)
  const join = compileJoin(item['subFieldDelimiter'], flags.perSubfield)
  if (path === null) return failing('an entry has no target')
  const target = compileTarget(context.schema, path)
  if (target === null) return (run) => join.begin(run)

  const split = compileSplit(item['subFieldSplit'])
  const rules = compileTextRules(item['rules'], context.lists, flags.keepTrailingBackslash)
  const onJoined = item['applyRulesOnConcatenatedData'] === true
  const firstOnly = item['ignoreSubsequentSubfields'] === true
  const eachApart = flags.perSubfield && flags.grouped
  const alternative = item['alternativeMapping']
  const handleAlternative = isObject(alternative) ? compileHandle(alternative, flags, context) : null

  return (run, given) => {
    join.begin(run)
    const field = split === null ? given : split(given)
    run.field = field
    if (!(selected.length === 0 ? field.size > 0 : selected.some((code) => has(field, code)))) return
    for (let i = 0; i < field.size; i++) {
      const code = field.codes[i] ?? 0
      if (!selected.includes(code)) continue
      if (firstOnly) {
        if (run.usedCodes.includes(code)) continue
        run.usedCodes.push(code)
      }
      const value = field.values[i] ?? ''
      join.add(code, onJoined ? value : rules(value, run))
      if (eachApart) writeToSlot(run, i, join.text(run), target.write, target.fillsObject)
    }
    if (eachApart) return
    const text = onJoined ? rules(join.text(run), run) : join.text(run)
    if (text !== '') target.write(run, text)
    else if (handleAlternative !== null) {
      run.usedCodes.length = 0
      handleAlternative(run, field)
    }
  }
}

/** Fills the object of one subfield position; the object the field is filling stays as it is. */
function writeToSlot(
  run: Run,
  position: number,
  text: string,
  write: (run: Run, text: string) => void,
  fills: boolean
): void {
  const slot = run.slots[position]
  run.fresh = slot === undefined
  if (text === '') return
  const current = run.current
  run.current = slot ?? RECORD_ITSELF
  write(run, text)
  if (fills) run.slots[position] = run.current
  run.current = current
  run.fresh = slot === undefined
}
