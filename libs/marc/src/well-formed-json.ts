/**
 * The hot path: the bytes of one well-formed ISO 2709 record straight to canonical MARC-in-JSON text, without objects.
 *
 * It takes only records about which there is nothing to say: lengths and directory fit to the byte, control fields first and
 * 001 before them, plain tags, codes and indicators, no empty subfields, ASCII or declared and valid UTF-8. At the first doubt
 * it gives up, and the careful reader starts over from the bytes. Byte loops instead of strings: a record has some fifty
 * values, and a call into the engine for each costs more than copying all of them.
 */
import { isUtf8 } from 'node:buffer'

const FIELD_TERMINATOR = 0x1e
const DELIMITER = 0x1f
const QUOTE = 0x22
const BACKSLASH = 0x5c
const ZERO = 0x30
const LOWER_A = 0x61
const LEADER_LENGTH = 24
const ENTRY_LENGTH = 12
const GAVE_UP = -1
/** Output bytes per input byte at the most: three bytes of a subfield become ten, an escape doubles, a field costs 18. */
const MAX_GROWTH = 4

const LEADER_OPEN = ascii('{"leader":"00000')
const LEADER_MIDDLE = ascii('a2200000')
const COUNTS = ascii('22')
const ENTRY_MAP = ascii('4500')
const LEADER_CLOSE = ascii('4500","fields":[')
const DATA_FIELD_OPEN = ascii('":{"ind1":"')
const SECOND_INDICATOR = ascii('","ind2":"')
const SUBFIELDS_OPEN = ascii('","subfields":[')
const DATA_FIELD_CLOSE = ascii('"}]}},')

export interface WellFormedText {
  readonly marc: string
  readonly controlNumber: string | undefined
  readonly controlNumberIdentifier: string | undefined
  readonly encoding: 'ascii' | 'utf8'
}

/** One for each reading under way; it keeps its output buffer from record to record. */
export class WellFormedReader {
  #out = Buffer.allocUnsafeSlow(64 * 1024)
  readonly #bytes: Uint8Array
  readonly #allUtf8: boolean
  /** All bytes of the record's values, or-ed. */
  #seen = 0
  #from001 = 0
  #to001 = 0
  #from003 = 0
  #to003 = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#allUtf8 = isUtf8(bytes)
  }

  /**
   * @param start first byte of the leader
   * @param end one past the 1D
   * @returns undefined when the record needs the careful reader
   */
  read(start: number, end: number): WellFormedText | undefined {
    const bytes = this.#bytes
    const base = start + digits(bytes, start + 12, 5)
    if (digits(bytes, start, 5) !== end - start || base <= start + LEADER_LENGTH || base >= end) return undefined
    if (bytes[base - 1] !== FIELD_TERMINATOR || (base - 1 - start - LEADER_LENGTH) % ENTRY_LENGTH !== 0) return undefined
    if (this.#out.length < (end - start) * MAX_GROWTH) this.#out = Buffer.allocUnsafeSlow((end - start) * MAX_GROWTH)

    this.#seen = 0
    this.#to001 = 0
    this.#to003 = 0
    const to = this.#writeFields(start, base, end, writeLeader(bytes, start, this.#out))
    if (to === GAVE_UP) return undefined
    const ascii = this.#seen < 0x80
    if (!ascii && (bytes[start + 9] !== LOWER_A || !(this.#allUtf8 || isUtf8(bytes.subarray(start, end))))) return undefined
    const marc = ascii ? this.#out.toString('latin1', 0, to) : this.#out.toString('utf8', 0, to)
    return {
      marc,
      encoding: ascii ? 'ascii' : 'utf8',
      controlNumber: this.#to001 === 0 ? undefined : marc.slice(this.#from001, this.#to001),
      controlNumberIdentifier: this.#to003 === 0 ? undefined : marc.slice(this.#from003, this.#to003)
    }
  }

  #writeFields(start: number, base: number, end: number, to: number): number {
    if (to === GAVE_UP) return GAVE_UP
    const bytes = this.#bytes
    const out = this.#out
    const dataEnd = end - 1
    let fieldStart = base
    let afterControl = false
    for (let entry = start + LEADER_LENGTH; entry < base - 1; entry += ENTRY_LENGTH) {
      const fieldEnd = fieldStart + digits(bytes, entry + 3, 4) - 1
      if (base + digits(bytes, entry + 7, 5) !== fieldStart || fieldEnd < fieldStart || fieldEnd >= dataEnd) return GAVE_UP
      if (bytes[fieldEnd] !== FIELD_TERMINATOR) return GAVE_UP
      const tag0 = bytes[entry]!
      const tag1 = bytes[entry + 1]!
      const tag2 = bytes[entry + 2]!
      if (!isDigit(tag0) || !isDigit(tag1) || !isDigit(tag2)) return GAVE_UP
      out[to] = 0x7b
      out[to + 1] = QUOTE
      out[to + 2] = tag0
      out[to + 3] = tag1
      out[to + 4] = tag2
      to += 5
      if (tag0 === ZERO && tag1 === ZERO) {
        if (afterControl) return GAVE_UP
        to = this.#writeControlField(fieldStart, fieldEnd, tag2, to)
      } else {
        afterControl = true
        to = this.#writeDataField(fieldStart, fieldEnd, to)
      }
      if (to === GAVE_UP) return GAVE_UP
      fieldStart = fieldEnd + 1
    }
    if (fieldStart !== dataEnd || this.#to001 === 0) return GAVE_UP
    out[to - 1] = 0x5d // over the last comma
    out[to] = 0x7d
    return to + 1
  }

  #writeControlField(from: number, end: number, tag2: number, to: number): number {
    const bytes = this.#bytes
    const out = this.#out
    out[to++] = QUOTE
    out[to++] = 0x3a
    out[to++] = QUOTE
    const valueAt = to
    let seen = 0
    for (let at = from; at < end; at++) {
      const byte = bytes[at]!
      if (byte < 0x20 || byte === QUOTE || byte === BACKSLASH) return GAVE_UP
      seen |= byte
      out[to++] = byte
    }
    // Only an 001 that comes first, and ASCII before the ends of 001 and 003, so that bytes and characters count alike.
    if (tag2 === 0x31) {
      if (this.#to001 !== 0 || this.#seen !== 0 || seen >= 0x80 || seen === 0) return GAVE_UP
      this.#from001 = valueAt
      this.#to001 = to
    } else if (this.#to001 === 0) {
      return GAVE_UP
    } else if (tag2 === 0x33) {
      if (this.#to003 !== 0 || (this.#seen | seen) >= 0x80) return GAVE_UP
      this.#from003 = valueAt
      this.#to003 = to
    }
    this.#seen |= seen
    out[to++] = QUOTE
    out[to++] = 0x7d
    out[to++] = 0x2c
    return to
  }

  #writeDataField(from: number, end: number, to: number): number {
    const bytes = this.#bytes
    const out = this.#out
    const ind1 = bytes[from]!
    const ind2 = bytes[from + 1]!
    if (end - from < 5 || !isPlain(ind1) || !isPlain(ind2) || bytes[from + 2] !== DELIMITER) return GAVE_UP
    to = put(DATA_FIELD_OPEN, out, to)
    out[to++] = ind1
    to = put(SECOND_INDICATOR, out, to)
    out[to++] = ind2
    to = put(SUBFIELDS_OPEN, out, to)
    let seen = 0
    let at = from + 2
    while (at < end) {
      const code = bytes[at + 1]!
      if (!isPlainCode(code) || bytes[at + 2]! < 0x20) return GAVE_UP // an empty subfield, or no code
      out[to] = 0x7b
      out[to + 1] = QUOTE
      out[to + 2] = code
      out[to + 3] = QUOTE
      out[to + 4] = 0x3a
      out[to + 5] = QUOTE
      to += 6
      at += 2
      for (; at < end; at++) {
        const byte = bytes[at]!
        if (byte < 0x20) {
          if (byte !== DELIMITER) return GAVE_UP
          out[to] = QUOTE
          out[to + 1] = 0x7d
          out[to + 2] = 0x2c
          to += 3
          break
        }
        seen |= byte
        if (byte === QUOTE || byte === BACKSLASH) out[to++] = BACKSLASH
        out[to++] = byte
      }
    }
    this.#seen |= seen
    return put(DATA_FIELD_CLOSE, out, to)
  }
}

function writeLeader(bytes: Uint8Array, start: number, out: Uint8Array): number {
  const coding = bytes[start + 9]
  if (coding !== LOWER_A && coding !== 0x20) return GAVE_UP
  if (!matches(bytes, start + 10, COUNTS) || !matches(bytes, start + 20, ENTRY_MAP)) return GAVE_UP
  let to = put(LEADER_OPEN, out, 0)
  for (let at = start + 5; at < start + 9; at++) {
    if (!isPlain(bytes[at]!)) return GAVE_UP
    out[to++] = bytes[at]!
  }
  to = put(LEADER_MIDDLE, out, to)
  for (let at = start + 17; at < start + 20; at++) {
    if (!isPlain(bytes[at]!)) return GAVE_UP
    out[to++] = bytes[at]!
  }
  return put(LEADER_CLOSE, out, to)
}

/** A number in decimal, or NaN, which makes every comparison with it fail. */
function digits(bytes: Uint8Array, from: number, count: number): number {
  let value = 0
  for (let at = from; at < from + count; at++) {
    const byte = bytes[at]!
    if (!isDigit(byte)) return NaN
    value = value * 10 + byte - ZERO
  }
  return value
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= 0x39
}

/** Printable ASCII that JSON needs not escape. */
function isPlain(byte: number): boolean {
  return byte >= 0x20 && byte < 0x7f && byte !== QUOTE && byte !== BACKSLASH
}

function isPlainCode(byte: number): boolean {
  return (byte >= LOWER_A && byte <= 0x7a) || isDigit(byte)
}

function matches(bytes: Uint8Array, from: number, constant: Uint8Array): boolean {
  for (let at = 0; at < constant.length; at++) if (bytes[from + at] !== constant[at]) return false
  return true
}

function put(constant: Uint8Array, out: Uint8Array, to: number): number {
  for (let at = 0; at < constant.length; at++) out[to + at] = constant[at]!
  return to + constant.length
}

function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}
