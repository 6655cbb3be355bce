import { isAscii, isUtf8 } from 'node:buffer'

import { isControlTag } from './marc-record.ts'
import type { DataField, MarcField, MarcRecord, Subfield } from './marc-record.ts'

const FIELD_TERMINATOR = 0x1e
const LEADER_LENGTH = 24
const ENTRY_LENGTH = 12
const DELIMITER = 0x1f
const ZERO = 0x30
const LOWER_A = 0x61

/**
 * The bytes of one well-formed ISO 2709 record to objects, the fast way: one decoding, then splits at the terminators. It takes
 * the same records as WellFormedReader and leaves all others to the careful reader.
 *
 * @param start first byte of the leader
 * @param end one past the 1D
 * @returns undefined when the record needs the careful reader
 */
export function wellFormedRecord(bytes: Buffer, start: number, end: number): MarcRecord | undefined {
  const raw = bytes.subarray(start, end)
  const ascii = isAscii(raw)
  if (!ascii && (raw[9] !== LOWER_A || !isUtf8(raw))) return undefined
  const text = raw.toString(ascii ? 'latin1' : 'utf8')
  const parts = text.split('\x1e')
  const directory = parts[0] ?? ''
  if (
    !fitsDirectory(raw, directory, parts.length - 2) ||
    !/^\d{5}[ -~]{4}[a ]22\d{5}[ -~]{3}4500(?:\d{12})*$/.test(directory)
  )
    return undefined
  if (/[\x00-\x1c]/.test(text) || parts.at(-1) !== '\x1d') return undefined
  const fields = readFields(directory, parts)
  return fields && { leader: `00000${directory.slice(5, 9)}a2200000${directory.slice(17, LEADER_LENGTH)}`, fields }
}

/** Lengths and starts as the terminators have them, without gaps. */
function fitsDirectory(raw: Buffer, directory: string, fieldCount: number): boolean {
  const base = directory.length + 1
  if (directory.length !== LEADER_LENGTH + fieldCount * ENTRY_LENGTH) return false
  if (Number(directory.slice(0, 5)) !== raw.length || Number(directory.slice(12, 17)) !== base) return false
  let start = 0
  for (let at = LEADER_LENGTH; at < directory.length; at += ENTRY_LENGTH) {
    if (digits(raw, at + 7, 5) !== start) return false
    start += digits(raw, at + 3, 4)
    if (raw[base + start - 1] !== FIELD_TERMINATOR) return false
  }
  return base + start === raw.length - 1
}

function readFields(directory: string, parts: readonly string[]): MarcField[] | undefined {
  const fields: MarcField[] = []
  let afterControl = false
  for (let at = 1; at < parts.length - 1; at++) {
    const entry = LEADER_LENGTH + (at - 1) * ENTRY_LENGTH
    const tag = directory.slice(entry, entry + 3)
    const content = parts[at] ?? ''
    if (isControlTag(tag)) {
      if (afterControl || (tag === '001') !== (at === 1) || content.includes('\x1f')) return undefined
      fields.push({ tag, value: content })
    } else {
      afterControl = true
      const field = readDataField(tag, content)
      if (field === undefined) return undefined
      fields.push(field)
    }
  }
  return fields.length > 0 && fields[0]?.tag === '001' ? fields : undefined
}

function readDataField(tag: string, content: string): DataField | undefined {
  if (
    content.length < 5 ||
    content.charCodeAt(2) !== DELIMITER ||
    !isSign(content.charCodeAt(0)) ||
    !isSign(content.charCodeAt(1))
  ) {
    return undefined
  }
  const subfields: Subfield[] = []
  let at = 3
  for (;;) {
    const next = content.indexOf('\x1f', at)
    const end = next < 0 ? content.length : next
    if (end - at < 2 || !isPlainCode(content.charCodeAt(at))) return undefined
    subfields.push({ code: content.charAt(at), value: content.slice(at + 1, end) })
    if (next < 0) return { tag, ind1: content.charAt(0), ind2: content.charAt(1), subfields }
    at = next + 1
  }
}

/** Printable ASCII. */
function isSign(code: number): boolean {
  return code >= 0x20 && code < 0x7f
}

function isPlainCode(code: number): boolean {
  return (code >= LOWER_A && code <= 0x7a) || (code >= ZERO && code <= 0x39)
}

function digits(raw: Buffer, from: number, count: number): number {
  let value = 0
  for (let at = from; at < from + count; at++) {
    const digit = (raw[at] ?? 0) - ZERO
    if (digit < 0 || digit > 9) return NaN
    value = value * 10 + digit
  }
  return value
}
