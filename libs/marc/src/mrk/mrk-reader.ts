import { isUtf8 } from 'node:buffer'

import type { PieceReader } from '../piece-reader.ts'
import { ProblemList, problemOf } from '../problem.ts'
import { readingOf } from '../reading-of.ts'
import type { Reading } from '../reading.ts'
import { MAX_RECORD_BYTES } from '../record-cut.ts'
import { WaitingBytes } from '../waiting-bytes.ts'
import { readMrkRecord } from './read-mrk-record.ts'

const LINE_FEED = 0x0a

/**
 * Reads MRK, UTF-8: one field a line, a record from =LDR to a blank line or the next =LDR. Keeps the lines of one record; a record
 * beyond MAX_RECORD_BYTES is cut there and named.
 */
export class MrkReader implements PieceReader {
  /** The line under way, as far as it has come. */
  readonly #waiting = new WaitingBytes()
  #offset = 0
  /** Lines of the record under way, as bytes. */
  #lines: Buffer[] = []
  #recordStart = 0
  #recordBytes = 0
  #index = 0

  push(bytes: Uint8Array): Reading[] {
    const readings: Reading[] = []
    let rest = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
    for (;;) {
      const room = MAX_RECORD_BYTES - this.#waiting.length
      const lineEnd = rest.indexOf(LINE_FEED)
      if (lineEnd < 0 && rest.length < room) break
      const length = lineEnd < 0 || lineEnd >= room ? room : lineEnd + 1
      this.#line(this.#waiting.endWith(rest.subarray(0, length)), readings)
      rest = rest.subarray(length)
    }
    this.#waiting.add(rest)
    return readings
  }

  end(): Reading[] {
    const readings: Reading[] = []
    if (this.#waiting.length > 0) this.#line(this.#waiting.endWith(Buffer.alloc(0)), readings)
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
