import { Iso2709Cutter, RECORD_TERMINATOR } from './iso2709-cutter.ts'
import { problemOf } from './problem.ts'
import type { ProblemCode } from './problem.ts'
import { readCarefully } from './read-carefully.ts'
import type { TextOptions } from './read-carefully.ts'
import { readingOf } from './reading-of.ts'
import type { PiecePlace, Reading } from './reading.ts'
import { MAX_RECORD_BYTES } from './record-cut.ts'
import type { RecordCut } from './record-cut.ts'
import { WellFormedReader } from './well-formed-json.ts'

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
  const cutter = new Iso2709Cutter({ offset: at.firstOffset, index: at.firstIndex })
  for (const cuts of [cutter.push(piece), cutter.end()]) {
    for (const cut of cuts) yield readCut(piece, cut, at.firstOffset, wellFormed, options)
  }
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
  const end = start + length
  if (piece[end - 1] !== RECORD_TERMINATOR)
    return unreadable(cut, length < MAX_RECORD_BYTES ? 'RECORD_NOT_TERMINATED' : 'RECORD_TOO_LONG')
  const text = wellFormed.read(start, end)
  if (text !== undefined) {
    const { marc, controlNumber, controlNumberIdentifier } = text
    return { ok: true, index, offset, length, marc, controlNumber, controlNumberIdentifier, problems: NO_PROBLEMS }
  }
  const result = readCarefully(piece.subarray(start, end), offset, options)
  return result.record === undefined
    ? { ok: false, index, offset, length, problem: result.problem }
    : readingOf(cut, result.record, result.problems)
}

function unreadable({ index, offset, length }: RecordCut, code: ProblemCode): Reading {
  return { ok: false, index, offset, length, problem: problemOf(code, { offset }) }
}
