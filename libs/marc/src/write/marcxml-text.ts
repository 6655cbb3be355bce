import { isControlField } from '../marc-record.ts'
import type { MarcField, MarcRecord } from '../marc-record.ts'
import type { Unfit } from './fit-record.ts'

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#xD;',
  '\n': '&#xA;',
  '\t': '&#x9;'
}
/** What no XML 1.0 file can hold, not even as a reference. */
const FORBIDDEN = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]/gu
export const marcXmlUnfit: Unfit = { value: FORBIDDEN, code: FORBIDDEN, indicator: FORBIDDEN }

/** A record element of MARCXML without a namespace declaration of its own. */
export function marcXmlText({ leader, fields }: MarcRecord): string {
  return `  <record>\n    <leader>${escape(leader)}</leader>\n${fields.map(fieldText).join('')}  </record>\n`
}

function fieldText(field: MarcField): string {
  const tag = escape(field.tag)
  if (isControlField(field)) return `    <controlfield tag="${tag}">${escape(field.value)}</controlfield>\n`
  const subfields = field.subfields.map(
    ({ code, value }) => `      <subfield code="${escape(code)}">${escape(value)}</subfield>\n`
  )
  const open = `    <datafield tag="${tag}" ind1="${escape(field.ind1)}" ind2="${escape(field.ind2)}">\n`
  return `${open}${subfields.join('')}    </datafield>\n`
}

function escape(text: string): string {
  return text.replace(/[&<>"\r\n\t]/g, (sign) => ESCAPES[sign] ?? sign)
}
