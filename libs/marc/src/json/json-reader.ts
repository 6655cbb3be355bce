import { problemOf } from '../problem.ts'
import type { Reading } from '../reading.ts'
import type { PieceReader } from '../piece-reader.ts'
import { JsonRecordSplitter } from './json-record-splitter.ts'
import type { JsonCut } from './json-record-splitter.ts'
import { readJsonRecord } from './read-json-lines.ts'

/** Reads MARC-in-JSON that is not one record a line: an array, an object over many lines, a list inside an object. */
export class JsonReader implements PieceReader {
  readonly #splitter = new JsonRecordSplitter()
  #index = 0

  push(bytes: Uint8Array): Reading[] {
    return this.#splitter.push(bytes).map((cut) => this.#reading(cut))
  }

  end(): Reading[] {
    return this.#splitter.end().map((cut) => this.#reading(cut))
  }

  #reading({ offset, length, bytes }: JsonCut): Reading {
    const place = { index: this.#index++, offset, length }
    if (bytes === undefined) return { ok: false, ...place, problem: problemOf('RECORD_TOO_LONG', { offset }) }
    return readJsonRecord(bytes, place)
  }
}
