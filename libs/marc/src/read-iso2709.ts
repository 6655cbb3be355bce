import { Iso2709Cutter, RECORD_TERMINATOR } from './iso2709-cutter.ts'
import type { MarcRecord } from './marc-record.ts'
import { problemOf } from './problem.ts'
import type { Problem } from './problem.ts'
import { readCarefully } from './read-carefully.ts'
import type { TextOptions } from './read-carefully.ts'
import { readingOf } from './reading-of.ts'
import type { ErrorReading, PiecePlace, Reading } from './reading.ts'
import { MAX_RECORD_BYTES } from './record-cut.ts'
import type { RecordCut } from './record-cut.ts'
import { WellFormedReader } from './well-formed-json.ts'
import { wellFormedRecord } from './well-formed-record.ts'

const NO_PROBLEMS = [] as const

/**
 * Reads whole records of ISO 2709, as an Iso2709Cutter cut them, to canonical MARC-in-JSON.
 *
 * @param bytes from the beginning of one record to the end of another
 * @param at number and file offset of the first record in `bytes`
 * @returns one reading for each record in the order of the file, made as it is asked for; never throws
 */
export function* readIso2709(
  bytes: Uint8Array,
  at: PiecePlace,
  options: TextOptions = {}
): Generator<Reading, void, undefined> {
  const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const wellFormed = new WellFormedReader(piece)
  for (const cut of cutsOf(piece, at)) yield readCut(piece, cut, at.firstOffset, wellFormed, options)
}

/** A reading with its record as objects instead of text. */
export type ObjectReading =
  | {
      readonly ok: true
      readonly index: number
      readonly offset: number
      readonly length: number
      readonly record: MarcRecord
      readonly problems: readonly Problem[]
    }
  | ErrorReading

/** Reads as `readIso2709` does, to objects, for those who want to look into records; the same records, the same problems. */
export function* readIso2709Objects(
  bytes: Uint8Array,
  at: PiecePlace,
  options: TextOptions = {}
): Generator<ObjectReading, void, undefined> {
  const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  for (const cut of cutsOf(piece, at)) {
    const start = cut.offset - at.firstOffset
    const lost = lostCut(piece, cut, start)
    const record = lost === undefined ? wellFormedRecord(piece, start, start + cut.length) : undefined
    const { index, offset, length } = cut
    if (lost !== undefined) yield lost
    else if (record !== undefined) yield { ok: true, index, offset, length, record, problems: NO_PROBLEMS }
    else {
      const result = readCarefully(piece.subarray(start, start + length), offset, options)
      if (result.record === undefined) yield { ok: false, index, offset, length, problem: result.problem }
      else yield { ok: true, index, offset, length, record: result.record, problems: result.problems }
    }
  }
}

function* cutsOf(piece: Buffer, { firstIndex, firstOffset }: PiecePlace): Generator<RecordCut, void, undefined> {
  const cutter = new Iso2709Cutter({ offset: firstOffset, index: firstIndex })
  yield* cutter.push(piece)
  yield* cutter.end()
}

function readCut(
  piece: Buffer,
  cut: RecordCut,
  firstOffset: number,
  wellFormed: WellFormedReader,
  options: TextOptions
): Reading {
  const { index, offset, length } = cut
  const start = offset - firstOffset
  const lost = lostCut(piece, cut, start)
  if (lost !== undefined) return lost
  const text = wellFormed.read(start, start + length)
  if (text !== undefined) {
    const { marc, controlNumber, controlNumberIdentifier, encoding } = text
    return { ok: true, index, offset, length, marc, controlNumber, controlNumberIdentifier, encoding, problems: NO_PROBLEMS }
  }
  const result = readCarefully(piece.subarray(start, start + length), offset, options)
  return result.record === undefined
    ? { ok: false, index, offset, length, problem: result.problem }
    : readingOf(cut, result.record, result.problems, result.encoding)
}

/** A cut without a terminator: the end of the file, or of what is read of one record. */
function lostCut(piece: Buffer, { index, offset, length }: RecordCut, start: number): ErrorReading | undefined {
  if (piece[start + length - 1] === RECORD_TERMINATOR) return undefined
  const code = length < MAX_RECORD_BYTES ? 'RECORD_NOT_TERMINATED' : 'RECORD_TOO_LONG'
  return { ok: false, index, offset, length, problem: problemOf(code, { offset }) }
}
