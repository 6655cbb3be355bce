import { canonicalLeader } from '../canonical-leader.ts'
import { isControlTag } from '../marc-record.ts'
import type { MarcField, MarcRecord, Subfield } from '../marc-record.ts'
import { orderFields } from '../order-fields.ts'
import type { Report } from '../problem.ts'
import { unescapeMrk } from './mrk-text.ts'

const FIELD = /^=([^ ]{3}) {1,2}([^]*)$/

/**
 * Reads the lines of one record of MRK, the text form of MarcEdit: `=245  10$aTitle`, `\` for a blank in leader, control fields
 * and indicators, mnemonics in braces.
 *
 * @param lines without line ends, none of them blank
 * @returns undefined when no line is a field
 */
export function readMrkRecord(lines: readonly string[], report: Report): MarcRecord | undefined {
  const fieldLines = joinLines(lines, report).flatMap((line) => FIELD.exec(line) ?? [])
  let leader = ''
  const fields: MarcField[] = []
  for (let at = 0; at < fieldLines.length; at += 3) {
    const tag = fieldLines[at + 1] ?? ''
    const content = fieldLines[at + 2] ?? ''
    if (tag === 'LDR' || tag === '000') leader = content.replaceAll('\\', ' ')
    else fields.push(readField(tag, content, report))
  }
  if (fieldLines.length === 0) return undefined
  return { leader: canonicalLeader(leader, report), fields: orderFields(fields, report) }
}

function joinLines(lines: readonly string[], report: Report): string[] {
  const joined: string[] = []
  for (const line of lines) {
    const last = joined.at(-1)
    if (FIELD.test(line) || last === undefined) joined.push(line)
    else {
      joined[joined.length - 1] = `${last}\n${line}`
      report('LINE_JOINED', { tag: last.slice(1, 4) })
    }
  }
  return joined
}

function readField(tag: string, content: string, report: Report): MarcField {
  if (!/^[0-9A-Za-z]{3}$/.test(tag)) report('TAG_ODD', { tag })
  const text = (value: string) => unescapeMrk(value, (mnemonic) => report('MNEMONIC_UNKNOWN', { tag, detail: mnemonic }))
  if (isControlTag(tag)) return { tag, value: text(content.replaceAll('\\', ' ')) }
  const firstDelimiter = content.indexOf('$', 2)
  const head = firstDelimiter < 0 ? content : content.slice(0, firstDelimiter)
  if (head.length < 2) report('INDICATOR_BLANKED', { tag })
  if (head.length > 2) report('FIELD_TEXT_DROPPED', { tag, detail: JSON.stringify(head.slice(2)) })
  const subfields = firstDelimiter < 0 ? [] : readSubfields(content.slice(firstDelimiter + 1), tag, text, report)
  if (subfields.length === 0) report('SUBFIELDS_MISSING', { tag })
  const [ind1 = ' ', ind2 = ' '] = head.replaceAll('\\', ' ')
  return { tag, ind1, ind2, subfields }
}

function readSubfields(content: string, tag: string, text: (value: string) => string, report: Report): Subfield[] {
  return content.split('$').flatMap((part) => {
    const subfield = { code: part.slice(0, 1), value: text(part.slice(1)) }
    if (!/^[\x21-\x7e]$/.test(subfield.code)) report('SUBFIELD_CODE_ODD', { tag, subfield: subfield.code })
    return subfield.code === '' ? [] : [subfield]
  })
}
