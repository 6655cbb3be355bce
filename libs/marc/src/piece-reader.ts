import type { Reading } from './reading.ts'

/** Reads a file piece by piece; the readings depend on the bytes alone, never on where the pieces end. */
export interface PieceReader {
  push(bytes: Uint8Array): Iterable<Reading>
  /** What the end of the file leaves. The reader is done after it. */
  end(): Iterable<Reading>
}
