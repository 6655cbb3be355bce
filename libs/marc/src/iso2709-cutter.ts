import { TerminatorCutter } from './terminator-cutter.ts'
import type { CutterStart, RecordCut } from './record-cut.ts'

/** Ends a record of ISO 2709. */
export const RECORD_TERMINATOR = 0x1d

/**
 * Cuts a stream of ISO 2709 into raw records without reading them, in one pass and constant memory.
 *
 * Pieces may have any size; the cuts depend on the bytes alone. A cutter started at the offset and index of any cut goes on
 * exactly as the first one did. Bytes after the last terminator are one more cut (a record that cannot be read); filler
 * between records (bytes up to 20, a BOM) is none. A record without an end is cut at MAX_RECORD_BYTES.
 */
export class Iso2709Cutter {
  readonly #cutter: TerminatorCutter

  constructor(start: CutterStart = { offset: 0, index: 0 }) {
    this.#cutter = new TerminatorCutter(RECORD_TERMINATOR, start)
  }

  /** Offset in the file from which bytes are still needed to read the next record; what lies before has been cut or skipped. */
  get keepFrom(): number {
    return this.#cutter.keepFrom
  }

  /** @returns the records that end in this piece */
  push(piece: Uint8Array): RecordCut[] {
    return this.#cutter.push(piece)
  }

  /** @returns the bytes without a terminator at the end of the file, as a cut; or none */
  end(): RecordCut[] {
    return this.#cutter.end()
  }
}
