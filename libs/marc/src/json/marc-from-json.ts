import { canonicalLeader } from '../canonical-leader.ts'
import { isControlTag } from '../marc-record.ts'
import type { ControlField, DataField, MarcField, MarcRecord, Subfield } from '../marc-record.ts'
import { orderFields } from '../order-fields.ts'
import type { Report } from '../problem.ts'

type JsonObject = Readonly<Record<string, unknown>>

/**
 * Makes a record of parsed MARC-in-JSON, or of the wrappers FOLIO puts around it: a source record (`parsedRecord.content`,
 * `content`), its content as an object or as text.
 *
 * @returns undefined when there is no leader with fields in it; what else is odd is reported and read as well as can be
 */
export function marcFromJson(value: unknown, report: Report): MarcRecord | undefined {
  const marc = unwrap(value)
  if (marc === undefined) return undefined
  const fields = marc.fields.flatMap((field) => fieldsOf(field, report))
  return { leader: canonicalLeader(marc.leader, report), fields: orderFields(fields, report) }
}

function unwrap(value: unknown, depth = 0): { leader: string; fields: readonly unknown[] } | undefined {
  if (depth > 3) return undefined
  if (typeof value === 'string') return unwrap(parsed(value), depth + 1)
  if (!isObject(value)) return undefined
  const { leader, fields } = value
  if (Array.isArray(fields)) return { leader: typeof leader === 'string' ? leader : '', fields }
  return unwrap(value['parsedRecord'] ?? value['content'], depth + 1)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function fieldsOf(field: unknown, report: Report): MarcField[] {
  if (!isObject(field)) {
    report('FIELD_DROPPED', {})
    return []
  }
  return Object.entries(field).flatMap(([tag, content]): MarcField[] => {
    if (!/^[0-9A-Za-z]{3}$/.test(tag) || isControlTag(tag) === isObject(content)) report('TAG_ODD', { tag })
    if (!Array.isArray(content))
      return [isObject(content) ? dataField(tag, content, report) : controlField(tag, content, report)]
    report('FIELD_DROPPED', { tag })
    return []
  })
}

function controlField(tag: string, content: unknown, report: Report): ControlField {
  return { tag, value: textOf(content, (detail) => report('VALUE_NOT_TEXT', { tag, detail })) }
}

function dataField(tag: string, content: JsonObject, report: Report): DataField {
  const subfields = Array.isArray(content['subfields']) ? (content['subfields'] as unknown[]) : []
  const field = {
    tag,
    ind1: indicatorOf(content['ind1'], tag, report),
    ind2: indicatorOf(content['ind2'], tag, report),
    subfields: subfields.flatMap((subfield) => subfieldsOf(subfield, tag, report))
  }
  if (field.subfields.length === 0) report('SUBFIELDS_MISSING', { tag })
  return field
}

function indicatorOf(value: unknown, tag: string, report: Report): string {
  if (typeof value === 'string' && value.length === 1) return value
  report('INDICATOR_BLANKED', { tag })
  return typeof value === 'string' && value.length > 1 ? value.charAt(0) : ' '
}

function subfieldsOf(subfield: unknown, tag: string, report: Report): Subfield[] {
  if (!isObject(subfield)) return []
  return Object.entries(subfield).map(([code, value]) => {
    if (!/^[\x21-\x7e]$/.test(code)) report('SUBFIELD_CODE_ODD', { tag, subfield: code })
    return { code, value: textOf(value, (detail) => report('VALUE_NOT_TEXT', { tag, subfield: code, detail })) }
  })
}

function textOf(value: unknown, notText: (detail: string) => void): string {
  if (typeof value === 'string') return value
  notText(value === null ? 'null' : typeof value)
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : ''
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
