import type { PieceReader } from '../piece-reader.ts'
import { ProblemList, problemOf } from '../problem.ts'
import type { ProblemCode } from '../problem.ts'
import { readingOf } from '../reading-of.ts'
import type { Reading } from '../reading.ts'
import { XmlRecordReader } from './read-xml-record.ts'
import { XmlRecordSplitter } from './xml-record-splitter.ts'
import type { XmlCut } from './xml-record-splitter.ts'
import { XmlText } from './xml-text.ts'

const LOST: Readonly<Record<Exclude<XmlCut['kind'], 'record'>, ProblemCode>> = {
  unclosed: 'XML_UNCLOSED',
  'too-long': 'RECORD_TOO_LONG',
  doctype: 'XML_DOCTYPE'
}

/**
 * Reads MARCXML piece by piece: `record` elements with any prefix and inside any wrapper (collection, OAI-PMH, SRU), in any
 * encoding the file declares. A record that is not well-formed is one error; the next one is read. A DOCTYPE ends the reading.
 */
export class MarcXmlReader implements PieceReader {
  readonly #text = new XmlText()
  readonly #splitter = new XmlRecordSplitter()
  readonly #records = new XmlRecordReader()
  #index = 0
  /** A place in the text (in UTF-16 units) and in the bytes that are known to be the same. */
  #knownChar = 0
  #knownByte = 0
  /** Text from the known place on. */
  #pending = ''
  #ended = false

  push(bytes: Uint8Array): Reading[] {
    if (this.#ended) return []
    try {
      return this.#read(this.#text.push(bytes), false)
    } catch (error) {
      return [this.#unknownEncoding(error)]
    }
  }

  end(): Reading[] {
    if (this.#ended) return []
    try {
      return this.#read(this.#text.end(), true)
    } catch (error) {
      return [this.#unknownEncoding(error)]
    }
  }

  #read(text: string, last: boolean): Reading[] {
    this.#pending += text
    const cuts = [...this.#splitter.push(text), ...(last ? this.#splitter.end() : [])]
    const readings = cuts.flatMap((cut) => this.#reading(cut) ?? [])
    if (!last) this.#forgetUntil(this.#splitter.doneUntil)
    return readings
  }

  /** What stands between records, or behind the cap of one, is counted and let go; half of a pair has no bytes of its own. */
  #forgetUntil(char: number): void {
    const splitsPair = /^[\udc00-\udfff]/.test(this.#pending.charAt(char - this.#knownChar))
    const until = splitsPair ? char - 1 : char
    if (until > this.#knownChar) this.#byteAt(until)
  }

  #reading(cut: XmlCut): Reading | undefined {
    const offset = this.#byteAt(cut.start)
    const length = this.#byteAt(cut.kind === 'record' ? cut.start + cut.text.length : cut.end) - offset
    const place = { index: this.#index, offset, length }
    const lost = (code: ProblemCode, detail?: string): Reading => {
      this.#index += 1
      return { ok: false, ...place, problem: problemOf(code, { offset, ...(detail === undefined ? {} : { detail }) }) }
    }
    if (cut.kind === 'doctype') this.#ended = true
    if (cut.kind !== 'record') return lost(LOST[cut.kind])
    const found = new ProblemList()
    const record = this.#records.read(cut.text, (code, where) => found.report(code, { offset, ...where }))
    if (record === 'empty') return isWrapper(cut.text) ? undefined : lost('XML_NOT_MARC')
    if ('malformed' in record) return lost('XML_MALFORMED', record.malformed)
    if (cut.text.includes('\ufffd')) found.report('REPLACEMENT_CHARACTER', { offset })
    this.#index += 1
    return readingOf(place, record, found.problems)
  }

  /** Cuts come in order, so counting goes on from the last place asked for. */
  #byteAt(char: number): number {
    const step = this.#pending.slice(0, char - this.#knownChar)
    this.#pending = this.#pending.slice(step.length)
    this.#knownByte += this.#text.byteLength(step)
    this.#knownChar = char
    return this.#knownByte
  }

  #unknownEncoding(error: unknown): Reading {
    if (!(error instanceof RangeError) && !(error instanceof TypeError)) throw error
    this.#ended = true
    const problem = problemOf('XML_ENCODING_UNKNOWN', { offset: 0, detail: error.message })
    return { ok: false, index: this.#index, offset: 0, length: 0, problem }
  }
}

/** What is left of the record element of OAI-PMH when the record in it was deleted: no record was there to be read. */
function isWrapper(text: string): boolean {
  return /<(?:[\w.-]+:)?header[\s/>]/.test(text)
}
