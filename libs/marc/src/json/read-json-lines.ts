import { isUtf8 } from 'node:buffer'

import { JsonLineCutter } from '../json-line-cutter.ts'
import { marcFromJson } from './marc-from-json.ts'
import { problemOf, ProblemList } from '../problem.ts'
import type { ProblemCode } from '../problem.ts'
import { readingOf } from '../reading-of.ts'
import type { PiecePlace, Reading } from '../reading.ts'
import { MAX_RECORD_BYTES } from '../record-cut.ts'
import type { RecordCut } from '../record-cut.ts'

/**
 * Reads whole lines of MARC-in-JSON, one record each, as a JsonLineCutter cut them. FOLIO's source records (`content`,
 * `parsedRecord.content`) are read as the record inside them.
 *
 * @param bytes from the beginning of one line to the end of another, UTF-8
 * @param at number and file offset of the first record in `bytes`
 * @returns one reading for each line in the order of the file, made as it is asked for; never throws
 */
export function* readJsonLines(bytes: Uint8Array, at: PiecePlace): Generator<Reading, void, undefined> {
  const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  const cutter = new JsonLineCutter({ offset: at.firstOffset, index: at.firstIndex })
  for (const cuts of [cutter.push(piece), cutter.end()]) {
    for (const cut of cuts) {
      const start = cut.offset - at.firstOffset
      yield readJsonRecord(piece.subarray(start, start + cut.length), cut)
    }
  }
}

/** Reads the JSON text of one record, wherever it stood. */
export function readJsonRecord(bytes: Buffer, cut: RecordCut): Reading {
  if (cut.length >= MAX_RECORD_BYTES) return lost(cut, 'RECORD_TOO_LONG')
  let value: unknown
  try {
    value = JSON.parse(bytes.toString('utf8'))
  } catch (error) {
    return lost(cut, 'JSON_UNREADABLE', error instanceof Error ? error.message : undefined)
  }
  const found = new ProblemList()
  const record = marcFromJson(value, (code, place) => found.report(code, { offset: cut.offset, ...place }))
  if (record === undefined) return lost(cut, 'JSON_NOT_MARC')
  if (!isUtf8(bytes)) found.report('UTF8_INVALID', { offset: cut.offset })
  return readingOf(cut, record, found.problems)
}

function lost({ index, offset, length }: RecordCut, code: ProblemCode, detail?: string): Reading {
  return {
    ok: false,
    index,
    offset,
    length,
    problem: problemOf(code, { offset, ...(detail === undefined ? {} : { detail }) })
  }
}
