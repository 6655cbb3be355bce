import { isUtf8 } from 'node:buffer'

import type { PieceReader } from '../piece-reader.ts'
import { ProblemList, problemOf } from '../problem.ts'
import { readingOf } from '../reading-of.ts'
import type { Reading } from '../reading.ts'
import { MAX_RECORD_BYTES } from '../record-cut.ts'
import { readMrkRecord } from './read-mrk-record.ts'

const LINE_FEED = 0x0a

/**
 * Reads MRK, UTF-8: one field a line, a record from =LDR to a blank line or the next =LDR. Keeps the lines of one record; a record
 * beyond MAX_RECORD_BYTES is cut there and named.
 */
export class MrkReader implements PieceReader {
  #carry = Buffer.alloc(0)
  #offset = 0
  /** Lines of the record under way, as bytes. */
  #lines: Buffer[] = []
  #recordStart = 0
  #recordBytes = 0
  #index = 0

  push(bytes: Uint8Array): Reading[] {
    const readings: Reading[] = []
    let piece = Buffer.concat([this.#carry, bytes])
    for (;;) {
      const lineEnd = piece.indexOf(LINE_FEED)
      if (lineEnd < 0 && piece.length < MAX_RECORD_BYTES) break
      const length = lineEnd < 0 || lineEnd >= MAX_RECORD_BYTES ? MAX_RECORD_BYTES : lineEnd + 1
      this.#line(piece.subarray(0, length), readings)
      piece = piece.subarray(length)
    }
    this.#carry = Buffer.from(piece)
    return readings
  }

  end(): Reading[] {
    const readings: Reading[] = []
    if (this.#carry.length > 0) this.#line(this.#carry, readings)
    this.#endRecord(readings)
    return readings
  }

  #line(bytes: Buffer, readings: Reading[]): void {
    const start = this.#offset
    this.#offset += bytes.length
    const isBlank = bytes.every((byte) => byte <= 0x20)
    const head = bytes.toString('latin1', 0, 8).replace(/^\xef\xbb\xbf/, '')
    if (isBlank || /^=(LDR|000) /.test(head) || this.#recordBytes + bytes.length > MAX_RECORD_BYTES)
      this.#endRecord(readings)
    if (isBlank) return
    if (this.#lines.length === 0) this.#recordStart = start
    this.#lines.push(Buffer.from(bytes))
    this.#recordBytes += bytes.length
  }

  #endRecord(readings: Reading[]): void {
    if (this.#lines.length === 0) return
    const offset = this.#recordStart
    const place = { index: this.#index++, offset, length: this.#recordBytes }
    const bytes = Buffer.concat(this.#lines)
    this.#lines = []
    this.#recordBytes = 0
    const found = new ProblemList()
    const lines = bytes
      .toString('utf8')
      .replace(/^\ufeff/, '')
      .replace(/\r?\n$/, '')
      .split(/\r?\n/)
    const record = readMrkRecord(lines, (code, where) => found.report(code, { offset, ...where }))
    if (record === undefined) {
      readings.push({ ok: false, ...place, problem: problemOf('MRK_NOT_A_FIELD', { offset }) })
      return
    }
    if (!isUtf8(bytes)) found.report('UTF8_INVALID', { offset })
    readings.push(readingOf(place, record, found.problems))
  }
}
