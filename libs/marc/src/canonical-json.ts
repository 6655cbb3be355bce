import { isControlField } from './marc-record.ts'
import type { MarcField, MarcRecord, Subfield } from './marc-record.ts'

/**
 * The canonical MARC-in-JSON text of a record: keys in fixed order, no spaces, escapes as JSON.stringify makes them. Two
 * readers that agree on a record agree on every byte of this text.
 */
export function canonicalJson(record: MarcRecord): string {
  return `{"leader":${JSON.stringify(record.leader)},"fields":[${record.fields.map(fieldJson).join(',')}]}`
}

function fieldJson(field: MarcField): string {
  const tag = JSON.stringify(field.tag)
  if (isControlField(field)) return `{${tag}:${JSON.stringify(field.value)}}`
  const indicators = `"ind1":${JSON.stringify(field.ind1)},"ind2":${JSON.stringify(field.ind2)}`
  return `{${tag}:{${indicators},"subfields":[${field.subfields.map(subfieldJson).join(',')}]}}`
}

function subfieldJson({ code, value }: Subfield): string {
  return `{${JSON.stringify(code)}:${JSON.stringify(value)}}`
}
