import { TerminatorCutter } from './terminator-cutter.ts'
import type { CutterStart, RecordCut } from './record-cut.ts'

const LINE_FEED = 0x0a

/**
 * Cuts JSON lines, one record a line, as Iso2709Cutter cuts ISO 2709. Blank lines are none; the last line needs no line feed.
 */
export class JsonLineCutter {
  readonly #cutter: TerminatorCutter

  constructor(start: CutterStart = { offset: 0, index: 0 }) {
    this.#cutter = new TerminatorCutter(LINE_FEED, start)
  }

  /** Offset in the file from which bytes are still needed to read the next line; what lies before has been cut or skipped. */
  get keepFrom(): number {
    return this.#cutter.keepFrom
  }

  /** @returns the lines that end in this piece */
  push(piece: Uint8Array): RecordCut[] {
    return this.#cutter.push(piece)
  }

  /** @returns the last line when it has no line feed, or none */
  end(): RecordCut[] {
    return this.#cutter.end()
  }
}
