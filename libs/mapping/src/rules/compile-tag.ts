import { firstValue } from '../record/record-buffer.ts'
import type { FieldBuffer } from '../record/record-buffer.ts'
import { RecordFailed } from '../record-failed.ts'
import { compileControlField } from './compile-control-field.ts'
import { compileEntries } from './compile-entry.ts'
import type { CompileContext } from './compile-item.ts'
import type { JsonObject } from './rules-document.ts'
import { codesOf, isObject, textOf } from './rules-document.ts'
import type { Run } from './run.ts'

/** What the rules of one tag do with its fields. */
export interface TagPlan {
  control(run: Run, text: string): void
  data(run: Run): void
  /** The tag a field is mapped as, from its own text; null where the tag has no such rule. */
  readonly replacedTag: ((field: FieldBuffer, tag: string) => string) | null
}

/** @param entries the value of the tag's key in the rules, of whatever shape */
export function compileTag(tag: string, entries: unknown, context: CompileContext): TagPlan {
  if (!Array.isArray(entries) || !entries.every(isObject)) {
    const fail = () => {
      throw new RecordFailed(`the rules of ${tag} are no list of entries`)
    }
    return { control: fail, data: fail, replacedTag: null }
  }
  const objects: readonly JsonObject[] = entries
  return {
    control: compileControlField(objects, context),
    data: compileEntries(objects, context),
    replacedTag: compileReplacement(objects)
  }
}

function compileReplacement(entries: readonly JsonObject[]): TagPlan['replacedTag'] {
  const replacements = entries.filter((entry) => entry['fieldReplacementBy3Digits'] === true).map(replacementOf)
  if (replacements.length === 0) return null
  return (field, tag) => {
    let replaced = tag
    for (const { codes, targets } of replacements) {
      if (codes === null) throw new RecordFailed(`the replacement entry of ${tag} has no subfield list`)
      for (const code of codes) {
        const value = firstValue(field, code) ?? ''
        if (value.length < 3) continue
        const digits = value.slice(0, 3)
        replaced = targets.get(digits) ?? digits
      }
    }
    return replaced
  }
}

function replacementOf(entry: JsonObject) {
  const rules = entry['fieldReplacementRule']
  const targets = new Map<string, string>()
  for (const rule of Array.isArray(rules) ? rules : []) {
    const [source, target] = isObject(rule) ? [textOf(rule['sourceDigits']), textOf(rule['targetField'])] : [null, null]
    if (source !== null && target !== null && !targets.has(source)) targets.set(source, target)
  }
  return { codes: codesOf(entry['subfield']), targets }
}
