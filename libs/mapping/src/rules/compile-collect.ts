import type { FieldBuffer } from '../record/record-buffer.ts'
import type { Join } from './compile-join.ts'
import type { TextRules } from './compile-text-rules.ts'
import type { Run } from './run.ts'

/** Collects the selected values of a field into one text; null when the field has no selected subfield. */
export type Collect = (run: Run, field: FieldBuffer) => string | null

/** Takes what is collected so far after the value at a position. */
export type SlotWriter = (run: Run, position: number, text: string) => void

interface CollectOptions {
  /** None = every subfield counts as selected, but no value is taken. */
  readonly selected: readonly number[]
  /** Run on each value; null = values as they are. */
  readonly rules: TextRules | null
  /** Null = joined by spaces. */
  readonly join: Join | null
  /** Each value replaces the one before. */
  readonly perSubfield: boolean
  /** Of each code the first occurrence only, within the entry. */
  readonly firstOnly: boolean
  readonly toSlot: SlotWriter | null
}

export function compileCollect(options: CollectOptions): Collect {
  const { selected, rules, join, perSubfield, firstOnly, toSlot } = options
  if (selected.length === 0) return (_run, field) => (field.size === 0 ? null : '')
  const isSelected = codeTable(selected)
  if (join === null && !perSubfield && !firstOnly && toSlot === null) return spacedValues(isSelected, rules)
  return (run, field) => {
    let any = false
    let spaced = ''
    for (let i = 0; i < field.size; i++) {
      const code = field.codes[i] ?? 0
      if (isSelected[code] !== 1) continue
      any = true
      if (firstOnly) {
        if (run.usedCodes.includes(code)) continue
        run.usedCodes.push(code)
      }
      const raw = field.values[i] ?? ''
      const value = rules === null ? raw : rules(raw, run)
      if (join !== null) join.add(code, value)
      else spaced = perSubfield || spaced === '' ? value : `${spaced} ${value}`
      if (toSlot !== null) toSlot(run, i, join === null ? spaced : join.text(run))
    }
    if (!any) return null
    return join === null ? spaced : join.text(run)
  }
}

/** The most frequent form: a space before each value unless nothing is collected yet. */
function spacedValues(isSelected: Uint8Array, rules: TextRules | null): Collect {
  return (run, field) => {
    let text: string | null = null
    for (let i = 0; i < field.size; i++) {
      if (isSelected[field.codes[i] ?? 0] !== 1) continue
      const raw = field.values[i] ?? ''
      const value = rules === null ? raw : rules(raw, run)
      text = text === null || text === '' ? value : `${text} ${value}`
    }
    return text
  }
}

/** A mark for each code of the list; codes of a record are below 128. */
function codeTable(codes: readonly number[]): Uint8Array {
  const table = new Uint8Array(128)
  for (const code of codes) if (code >= 0 && code < 128) table[code] = 1
  return table
}
