import { isControlField } from './marc-record.ts'
import type { MarcField, MarcRecord } from './marc-record.ts'

/**
 * The canonical MARC-in-JSON text of a record: keys in fixed order, no spaces, escapes as JSON.stringify makes them. Two
 * readers that agree on a record agree on every byte of this text.
 */
export function canonicalJson(record: MarcRecord): string {
  let text = `{"leader":${quoted(record.leader)},"fields":[`
  for (let at = 0; at < record.fields.length; at++) {
    const field = record.fields[at]
    if (field !== undefined) text += at === 0 ? fieldJson(field) : `,${fieldJson(field)}`
  }
  return `${text}]}`
}

function fieldJson(field: MarcField): string {
  if (isControlField(field)) return `{${quoted(field.tag)}:${quoted(field.value)}}`
  let text = `{${quoted(field.tag)}:{"ind1":${quoted(field.ind1)},"ind2":${quoted(field.ind2)},"subfields":[`
  for (let at = 0; at < field.subfields.length; at++) {
    const subfield = field.subfields[at]
    if (subfield !== undefined) text += `${at === 0 ? '{' : ',{'}${quoted(subfield.code)}:${quoted(subfield.value)}}`
  }
  return `${text}]}}`
}

/** Up to this length looking at each character is faster than a call of JSON.stringify. */
const SHORT = 40

function quoted(text: string): string {
  if (text.length > SHORT) return JSON.stringify(text)
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code < 0x20 || code === 0x22 || code === 0x5c || code >= 0xd800) return JSON.stringify(text)
  }
  return `"${text}"`
}
