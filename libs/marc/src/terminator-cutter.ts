import { MAX_RECORD_BYTES } from './record-cut.ts'
import type { CutterStart, RecordCut } from './record-cut.ts'

const BOM = [0xef, 0xbb, 0xbf] as const

/**
 * Cuts at one terminating byte. Between records it skips bytes up to 20 (line ends, NUL, blanks) and a BOM, so blank filler is
 * no record. It holds three numbers and no bytes, whatever the size of a record or of a piece.
 */
export class TerminatorCutter {
  readonly #terminator: number
  #position: number
  #nextIndex: number
  /** Offset of the record under way, or -1 between records. */
  #recordStart = -1
  /** Bytes of a possible BOM seen so far, between records. */
  #bomBytes = 0

  constructor(terminator: number, start: CutterStart) {
    this.#terminator = terminator
    this.#position = start.offset
    this.#nextIndex = start.index
  }

  /** Offset from which bytes are still needed to read what comes next. */
  get keepFrom(): number {
    return this.#recordStart < 0 ? this.#position - this.#bomBytes : this.#recordStart
  }

  push(bytes: Uint8Array): RecordCut[] {
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length) // a Buffer searches several times faster
    const cuts: RecordCut[] = []
    const pieceStart = this.#position
    let at = 0
    while (at < piece.length) {
      if (this.#recordStart < 0) {
        at = this.#skipFiller(piece, at, pieceStart)
        continue
      }
      const limit = Math.min(piece.length, this.#recordStart + MAX_RECORD_BYTES - pieceStart)
      const window = limit < piece.length ? piece.subarray(0, limit) : piece
      const terminator = window.indexOf(this.#terminator, at)
      const found = terminator >= 0
      at = found ? terminator + 1 : limit
      if (found || pieceStart + at === this.#recordStart + MAX_RECORD_BYTES) cuts.push(this.#cutAt(pieceStart + at))
    }
    this.#position = pieceStart + piece.length
    return cuts
  }

  /** What is left without a terminator is one more cut. */
  end(): RecordCut[] {
    if (this.#recordStart < 0 && this.#bomBytes > 0 && this.#bomBytes < BOM.length) {
      this.#recordStart = this.#position - this.#bomBytes
    }
    return this.#recordStart < 0 ? [] : [this.#cutAt(this.#position)]
  }

  #cutAt(end: number): RecordCut {
    const cut = { index: this.#nextIndex, offset: this.#recordStart, length: end - this.#recordStart }
    this.#nextIndex += 1
    this.#recordStart = -1
    this.#bomBytes = 0
    return cut
  }

  #skipFiller(piece: Uint8Array, from: number, pieceStart: number): number {
    let at = from
    while (at < piece.length) {
      const byte = piece[at] ?? 0
      if (byte === BOM[this.#bomBytes]) {
        this.#bomBytes += 1
      } else if (this.#bomBytes > 0 && this.#bomBytes < BOM.length) {
        this.#recordStart = pieceStart + at - this.#bomBytes // the beginning of a BOM, but no BOM: it belongs to the record
        return at
      } else if (byte > 0x20) {
        this.#recordStart = pieceStart + at
        return at
      } else {
        this.#bomBytes = 0
      }
      at += 1
      if (this.#bomBytes === BOM.length) this.#bomBytes = 0
    }
    return at
  }
}
