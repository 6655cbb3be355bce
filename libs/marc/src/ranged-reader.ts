import { Iso2709Cutter } from './iso2709-cutter.ts'
import { JsonLineCutter } from './json-line-cutter.ts'
import { readJsonLines } from './json/read-json-lines.ts'
import type { PieceReader } from './piece-reader.ts'
import type { TextOptions } from './read-carefully.ts'
import { readIso2709 } from './read-iso2709.ts'
import type { PiecePlace, Reading } from './reading.ts'
import { WaitingBytes } from './waiting-bytes.ts'

/** Reads the two formats whose records are bytes between terminators, keeping only the record under way. */
export class RangedReader implements PieceReader {
  readonly #cutter: Iso2709Cutter | JsonLineCutter
  readonly #read: (bytes: Uint8Array, at: PiecePlace) => Iterable<Reading>
  /** The record under way, as far as it has come: what the cutter still needs. */
  readonly #waiting = new WaitingBytes()
  #waitingFrom = 0
  #position = 0
  #nextIndex = 0

  constructor(format: 'iso2709' | 'jsonl', options: TextOptions) {
    this.#cutter = format === 'iso2709' ? new Iso2709Cutter() : new JsonLineCutter()
    this.#read = format === 'iso2709' ? (bytes, at) => readIso2709(bytes, at, options) : readJsonLines
  }

  *push(bytes: Uint8Array): Generator<Reading, void, undefined> {
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    const pieceStart = this.#position
    this.#position += piece.length
    const cuts = this.#cutter.push(piece)
    const last = cuts.at(-1)
    const at = { firstIndex: this.#nextIndex, firstOffset: this.#waitingFrom }
    const ended = last && this.#waiting.endWith(piece.subarray(0, last.offset + last.length - pieceStart))
    this.#nextIndex += cuts.length
    this.#keepFrom(this.#cutter.keepFrom, piece, pieceStart)
    if (ended !== undefined) yield* this.#read(ended, at)
  }

  *end(): Generator<Reading, void, undefined> {
    if (this.#cutter.end().length === 0) return
    const at = { firstIndex: this.#nextIndex, firstOffset: this.#waitingFrom }
    yield* this.#read(this.#waiting.endWith(Buffer.alloc(0)), at)
  }

  #keepFrom(offset: number, piece: Buffer, pieceStart: number): void {
    if (offset >= pieceStart) this.#waiting.clear()
    this.#waiting.add(piece.subarray(Math.max(0, offset - pieceStart)))
    this.#waitingFrom = offset
  }
}
