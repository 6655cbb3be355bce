import { Iso2709Cutter } from './iso2709-cutter.ts'
import { JsonLineCutter } from './json-line-cutter.ts'
import { readJsonLines } from './json/read-json-lines.ts'
import type { PieceReader } from './piece-reader.ts'
import type { TextOptions } from './read-carefully.ts'
import { readIso2709 } from './read-iso2709.ts'
import type { PiecePlace, Reading } from './reading.ts'

/** Reads the two formats whose records are bytes between terminators, keeping only the record under way. */
export class RangedReader implements PieceReader {
  readonly #cutter: Iso2709Cutter | JsonLineCutter
  readonly #read: (bytes: Uint8Array, at: PiecePlace) => Iterable<Reading>
  #carry: Uint8Array = Buffer.alloc(0)
  #carryOffset = 0
  #nextIndex = 0

  constructor(format: 'iso2709' | 'jsonl', options: TextOptions) {
    this.#cutter = format === 'iso2709' ? new Iso2709Cutter() : new JsonLineCutter()
    this.#read = format === 'iso2709' ? (bytes, at) => readIso2709(bytes, at, options) : readJsonLines
  }

  *push(piece: Uint8Array): Generator<Reading, void, undefined> {
    const cuts = this.#cutter.push(piece)
    const bytes = this.#carry.length === 0 ? piece : Buffer.concat([this.#carry, piece])
    const offset = this.#carryOffset
    const last = cuts.at(-1)
    const readTo = last === undefined ? offset : last.offset + last.length
    this.#carryOffset = this.#cutter.keepFrom
    this.#carry = Buffer.from(bytes.subarray(this.#carryOffset - offset))
    if (last === undefined) return
    const firstIndex = this.#nextIndex
    this.#nextIndex = last.index + 1
    yield* this.#read(bytes.subarray(0, readTo - offset), { firstIndex, firstOffset: offset })
  }

  *end(): Generator<Reading, void, undefined> {
    if (this.#cutter.end().length === 0) return
    yield* this.#read(this.#carry, { firstIndex: this.#nextIndex, firstOffset: this.#carryOffset })
  }
}
