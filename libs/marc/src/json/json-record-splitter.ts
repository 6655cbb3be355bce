import { MAX_RECORD_BYTES } from '../record-cut.ts'
import { WaitingBytes } from '../waiting-bytes.ts'

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
const NOTHING = Buffer.alloc(0)
const BOM = Buffer.from([0xef, 0xbb, 0xbf])
/** Keys under which FOLIO's API and other programs keep a list of records. */
const LIST_KEYS: ReadonlySet<string> = new Set(['records', 'sourceRecords'])
const LONGEST_LIST_KEY = 'sourceRecords'.length

/**
 * Cuts JSON text into records without parsing it: the elements of an array, the objects of a text that holds several, the
 * elements of `records` or `sourceRecords` in an object. Only brackets and strings are looked at; keeps one record in memory.
 */
export class JsonRecordSplitter {
  #piece: Buffer = NOTHING
  /** Offset in the file of the first byte of the piece. */
  #pieceStart = 0
  /** The value under way, as far as it came in earlier pieces. */
  readonly #waiting = new WaitingBytes()
  /** Offset in the file of the value under way, or -1. */
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
    this.#piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    let at = this.#pieceStart === 0 && this.#piece.subarray(0, BOM.length).equals(BOM) ? BOM.length : 0
    while (at < this.#piece.length) {
      if (this.#inString) at = this.#skipString(at)
      else this.#structure(this.#piece[at] ?? 0, at++, cuts)
    }
    this.#keep()
    return cuts
  }

  /** What the file ends in: a last value without brackets, or a piece of one. */
  end(): JsonCut[] {
    const cuts: JsonCut[] = []
    this.#cut(0, cuts)
    return cuts
  }

  /** @returns where the string ends, or the bytes do */
  #skipString(from: number): number {
    const bytes = this.#piece
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
    if (this.#start < 0 && this.#depth === this.#recordDepth) this.#start = this.#pieceStart + at
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
    this.#drop()
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

  /** @param end in the piece */
  #cut(end: number, cuts: JsonCut[]): void {
    if (this.#start < 0) return
    const last = this.#piece.subarray(Math.max(0, this.#start - this.#pieceStart), end)
    const length = this.#pieceStart + end - this.#start
    cuts.push({ offset: this.#start, length, bytes: this.#tooLong ? undefined : this.#waiting.endWith(last) })
    this.#drop()
  }

  #drop(): void {
    this.#start = -1
    this.#tooLong = false
    this.#waiting.clear()
  }

  /** A value beyond the cap is followed to its end, but no longer kept. */
  #keep(): void {
    const piece = this.#piece
    const from = Math.max(0, this.#start - this.#pieceStart)
    this.#piece = NOTHING
    this.#pieceStart += piece.length
    if (this.#start < 0) return
    if (this.#pieceStart - this.#start > MAX_RECORD_BYTES) this.#tooLong = true
    if (this.#tooLong) this.#waiting.clear()
    else this.#waiting.add(piece.subarray(from))
  }
}
