import { RecordFailed } from '../record-failed.ts'
import { NO_CODE, codesOf, isObject, textOf } from './rules-document.ts'
import type { Run } from './run.ts'

/** Joins the values of one item in the groups of its delimiter list. */
export interface Join {
  /** Called whenever the item is handled, before anything else. */
  begin(run: Run): void
  add(code: number, value: string): void
  text(run: Run): string
}

/**
 * A buffer per element of the delimiter list; elements without codes set the text between buffers.
 *
 * @param perSubfield `entityPerRepeatedSubfield`: the first buffer is emptied before a code that no element lists
 * @returns null when there is no list: values are then joined by spaces
 */
export function compileJoin(elements: unknown, perSubfield: boolean): Join | null {
  if (!Array.isArray(elements)) return null
  const groups = elements.map((element) => ({
    codes: isObject(element) ? codesOf(element['subfields']) : null,
    // FOLIO joins with the text `null` where the value is missing.
    delimiter: (isObject(element) ? textOf(element['value']) : null) ?? 'null'
  }))
  const groupOf = new Map<number, number>()
  let separator: string | undefined
  for (const [index, { codes, delimiter }] of groups.entries()) {
    if (codes?.length === 0) separator = delimiter
    for (const code of codes ?? []) if (code !== NO_CODE) groupOf.set(code, index)
  }
  const faulty = groups.some(({ codes }) => codes === null)
  const delimiters = groups.map(({ delimiter }) => delimiter)
  const buffers = groups.map(() => '')
  return {
    begin: (run) => {
      if (faulty) throw new RecordFailed('an element of subFieldDelimiter has no subfields')
      if (separator !== undefined) run.separator = separator
      buffers.fill('')
    },
    add: (code, value) => {
      if (buffers.length === 0) throw new RecordFailed('subFieldDelimiter is empty')
      const group = groupOf.get(code)
      if (group === undefined) {
        const buffer = perSubfield ? '' : (buffers[0] ?? '')
        buffers[0] = buffer === '' ? value : `${buffer} ${value}`
      } else {
        const buffer = buffers[group] ?? ''
        buffers[group] = buffer === '' ? value : buffer + (delimiters[group] ?? '') + value
      }
    },
    text: (run) => {
      let joined = ''
      for (const buffer of buffers) {
        if (buffer !== '') joined = joined === '' ? buffer : joined + (run.separator ?? 'null') + buffer
      }
      return joined
    }
  }
}
