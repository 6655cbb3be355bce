import { MAX_RECORD_BYTES } from '../record-cut.ts'

/** One JSON value that stands where a record may stand; without bytes when it is too long. */
export interface JsonCut {
  readonly offset: number
  readonly length: number
  readonly bytes: Buffer | undefined
}

const QUOTE = 0x22
const COMMA = 0x2c
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const BOM = Buffer.from([0xef, 0xbb, 0xbf])
/** Keys under which FOLIO's API and other programs keep a list of records. */
const LIST_KEYS: ReadonlySet<string> = new Set(['records', 'sourceRecords'])
const LONGEST_LIST_KEY = 'sourceRecords'.length

/**
 * Cuts JSON text into records without parsing it: the elements of an array, the objects of a text that holds several, the
 * elements of `records` or `sourceRecords` in an object. Only brackets and strings are looked at; keeps one record in memory.
 */
export class JsonRecordSplitter {
  #carry = Buffer.alloc(0)
  /** Offset in the file of the first byte of the carry. */
  #base = 0
  /** Where in the carry the value under way begins, or -1. */
  #start = -1
  #tooLong = false
  #depth = 0
  /** How many brackets stand around a record: none, those of an array, those of an array in an object. */
  #recordDepth = 0
  #inString = false
  #escaped = false
  /** The last string at depth 1, which is a key when an array follows. */
  #key = ''

  push(bytes: Uint8Array): JsonCut[] {
    const cuts: JsonCut[] = []
    let at = this.#carry.length
    this.#carry = at === 0 ? Buffer.from(bytes) : Buffer.concat([this.#carry, bytes])
    if (this.#base === 0 && at === 0 && this.#carry.subarray(0, BOM.length).equals(BOM)) at = BOM.length
    while (at < this.#carry.length) {
      if (this.#inString) at = this.#skipString(at)
      else this.#structure(this.#carry[at] ?? 0, at++, cuts)
    }
    this.#forget()
    return cuts
  }

  /** What the file ends in: a last value without brackets, or a piece of one. */
  end(): JsonCut[] {
    const cuts: JsonCut[] = []
    this.#cut(this.#carry.length, cuts)
    return cuts
  }

  /** @returns where the string ends, or the bytes do */
  #skipString(from: number): number {
    const bytes = this.#carry
    for (let at = from; at < bytes.length; at++) {
      const byte = bytes[at] ?? 0
      if (this.#escaped) this.#escaped = false
      else if (byte === BACKSLASH) this.#escaped = true
      else if (byte === QUOTE) {
        this.#inString = false
        return at + 1
      } else if (this.#depth === 1 && this.#key.length <= LONGEST_LIST_KEY) this.#key += String.fromCharCode(byte)
    }
    return bytes.length
  }

  #structure(byte: number, at: number, cuts: JsonCut[]): void {
    if (byte <= 0x20 || byte === COMMA) return this.#endScalar(at, cuts)
    if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) return this.#closeBracket(at, cuts)
    if (byte === OPEN_BRACKET && this.#isList()) return this.#openList()
    if (this.#start < 0 && this.#depth === this.#recordDepth) this.#start = at
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) this.#depth += 1
    if (byte !== QUOTE) return
    this.#inString = true
    this.#key = ''
  }

  #isList(): boolean {
    return this.#recordDepth === 0 && (this.#depth === 0 || (this.#depth === 1 && LIST_KEYS.has(this.#key)))
  }

  /** The object around a list, if there is one, is no record. */
  #openList(): void {
    this.#depth += 1
    this.#recordDepth = this.#depth
    this.#start = -1
    this.#tooLong = false
  }

  #closeBracket(at: number, cuts: JsonCut[]): void {
    this.#endScalar(at, cuts)
    this.#depth = Math.max(0, this.#depth - 1)
    if (this.#depth === this.#recordDepth) this.#cut(at + 1, cuts)
    else if (this.#depth < this.#recordDepth) this.#recordDepth = 0
  }

  /** Ends a value without brackets: a number, a string, null. */
  #endScalar(at: number, cuts: JsonCut[]): void {
    if (this.#depth === this.#recordDepth) this.#cut(at, cuts)
  }

  #cut(end: number, cuts: JsonCut[]): void {
    if (this.#start < 0 && !this.#tooLong) return
    const bytes = this.#tooLong ? undefined : Buffer.from(this.#carry.subarray(this.#start, end))
    cuts.push({ offset: this.#base + this.#start, length: end - this.#start, bytes })
    this.#start = -1
    this.#tooLong = false
  }

  /** A value beyond the cap is followed to its end, but no longer kept. */
  #forget(): void {
    const { length } = this.#carry
    if (this.#start >= 0 && length - this.#start > MAX_RECORD_BYTES) this.#tooLong = true
    const keepFrom = this.#start >= 0 && !this.#tooLong ? this.#start : length
    this.#carry = this.#carry.subarray(keepFrom)
    this.#base += keepFrom
    if (this.#start >= 0 || this.#tooLong) this.#start -= keepFrom
  }
}
