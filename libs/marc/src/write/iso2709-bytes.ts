import { isControlField } from '../marc-record.ts'
import type { MarcField, MarcRecord } from '../marc-record.ts'
import type { Unfit } from './fit-record.ts'

interface TooLong {
  readonly code: 'WRITE_TOO_LONG'
  readonly detail: string
}

const LONGEST_RECORD = 99_999
const LONGEST_FIELD = 9_999
const LEADER_LENGTH = 24
const ENTRY_LENGTH = 12

/** Terminators and delimiters end what they stand in; an indicator has one byte. */
export const iso2709Unfit: Unfit = {
  value: /[\x1d-\x1f]/gu,
  code: /[\x1d-\x1f]/gu,
  indicator: /[\x1d\x1e\x80-\u{10ffff}]/gu
}

/**
 * A record as ISO 2709 in UTF-8, its directory in the order of its fields; leader/09 becomes `a`, 10-11 `22`, 20-23 `4500`,
 * which is how it is written.
 */
export function iso2709Bytes({ leader, fields }: MarcRecord): Uint8Array | TooLong {
  const contents = fields.map((field) => Buffer.from(`${contentOf(field)}\x1e`, 'utf8'))
  const base = LEADER_LENGTH + ENTRY_LENGTH * contents.length + 1
  const length = base + contents.reduce((sum, content) => sum + content.length, 0) + 1
  const long = contents.findIndex((content) => content.length > LONGEST_FIELD)
  if (long >= 0)
    return { code: 'WRITE_TOO_LONG', detail: `field ${fields[long]?.tag ?? ''}, ${contents[long]?.length ?? 0} bytes` }
  if (length > LONGEST_RECORD) return { code: 'WRITE_TOO_LONG', detail: `${length} bytes` }
  const written = `${number(length, 5)}${leader.slice(5, 9)}a22${number(base, 5)}${leader.slice(17, 20)}4500`
  const head = Buffer.from(`${written}${directoryOf(fields, contents)}\x1e`, 'latin1')
  return Buffer.concat([head, ...contents, Buffer.from([0x1d])])
}

function contentOf(field: MarcField): string {
  if (isControlField(field)) return field.value
  return `${field.ind1}${field.ind2}${field.subfields.map(({ code, value }) => `\x1f${code}${value}`).join('')}`
}

function directoryOf(fields: readonly MarcField[], contents: readonly Buffer[]): string {
  let start = 0
  return fields
    .map(({ tag }, at) => {
      const length = contents[at]?.length ?? 0
      const entry = `${tag}${number(length, 4)}${number(start, 5)}`
      start += length
      return entry
    })
    .join('')
}

function number(value: number, digits: number): string {
  return String(value).padStart(digits, '0')
}
