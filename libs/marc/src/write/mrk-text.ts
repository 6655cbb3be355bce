import { isControlField } from '../marc-record.ts'
import type { MarcField, MarcRecord } from '../marc-record.ts'
import { escapeMrk } from '../mrk/mrk-text.ts'
import type { Unfit } from './fit-record.ts'

/** The signs of indicators and codes cannot be escaped; unpaired surrogates are no UTF-8. */
const SIGNS = /[\x00-\x1f$\\\ud800-\udfff]/gu
export const mrkUnfit: Unfit = { value: /[\ud800-\udfff]/gu, code: SIGNS, indicator: SIGNS }

/** A record as MRK: a line for the leader, a line per field, a blank line behind. */
export function mrkText({ leader, fields }: MarcRecord): string {
  return `=LDR  ${blanks(leader)}\n${fields.map(fieldLine).join('')}\n`
}

function fieldLine(field: MarcField): string {
  if (isControlField(field)) return `=${field.tag}  ${blanks(escapeMrk(field.value))}\n`
  const subfields = field.subfields.map(({ code, value }) => `$${code}${escapeMrk(value)}`)
  return `=${field.tag}  ${blanks(field.ind1 + field.ind2)}${subfields.join('')}\n`
}

function blanks(text: string): string {
  return text.replaceAll(' ', '\\')
}
