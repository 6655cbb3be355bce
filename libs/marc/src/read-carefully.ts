import { beginsWithLeader, findLastRecord, holdsLeader } from './find-leader.ts'
import { isControlTag } from './marc-record.ts'
import type { ControlField, DataField, MarcField, MarcRecord, Subfield } from './marc-record.ts'
import { locateFields } from './locate-fields.ts'
import type { FieldSpan } from './locate-fields.ts'
import { problemOf, ProblemList } from './problem.ts'
import type { Problem, ProblemCode } from './problem.ts'
import { decodeText, encodingOf, looksLikeLatin1 } from './record-text.ts'
import type { Encoding } from './record-text.ts'

const FIELD_TERMINATOR = 0x1e
const DELIMITER = 0x1f
const LEADER_LENGTH = 24
/** A leader, the end of an empty directory, a terminator. */
const SHORTEST_RECORD = LEADER_LENGTH + 2
/** What the five digits of leader/00-04 can say. */
const LONGEST_DESCRIBED = 99_999

/** How text that had to be converted comes out. */
export interface TextOptions {
  /** `NFC` composes what came from MARC-8, `MARC8` leaves it decomposed as FOLIO does. UTF-8 input is kept as it is. */
  readonly form?: 'NFC' | 'MARC8'
  /** Takes some records for Latin-1 as FOLIO would, to replay what it did; off, for it is wrong about most of them. */
  readonly latin1Guess?: boolean
}

export type CarefulResult =
  | { readonly record: MarcRecord; readonly problems: readonly Problem[]; readonly encoding: Encoding }
  | { readonly record: undefined; readonly problem: Problem }

/**
 * Reads one raw record of ISO 2709 whatever its state, and names everything about it that is not as it should be.
 *
 * @param raw the bytes from the leader to the record terminator, both included
 * @param offset of the record in the file, for the problems
 */
export function readCarefully(raw: Buffer, offset: number, options: TextOptions = {}): CarefulResult {
  const result = readWhole(raw, offset, options)
  if (result.record !== undefined || result.problem.code === 'RECORDS_JOINED') return result
  return readFromLeader(raw, offset, options) ?? result
}

function readWhole(raw: Buffer, offset: number, options: TextOptions): CarefulResult {
  const located = raw.length < SHORTEST_RECORD ? 'RECORD_TOO_SHORT' : locateFields(raw)
  if (typeof located === 'string') return { record: undefined, problem: problemOf(located, { offset }) }
  const unnamedFrom = located.fields.at(-1)?.end ?? SHORTEST_RECORD
  if (located.found.some(({ code }) => code === 'DATA_UNNAMED') && holdsLeader(raw, unnamedFrom)) {
    return { record: undefined, problem: problemOf('RECORDS_JOINED', { offset }) }
  }
  const encoding = chooseEncoding(raw, located.fields, options)
  const reader = new CarefulReader(raw, offset, encoding, options.form ?? 'NFC')
  if (encoding === 'latin1') reader.report('LATIN1_GUESSED')
  for (const { code, detail } of located.found) reader.report(code, detail)
  return { record: reader.read(located.fields), problems: reader.problems, encoding }
}

/** What cannot be read may be something that stands before a record: a line of text, or a piece of another one. */
function readFromLeader(raw: Buffer, offset: number, options: TextOptions): CarefulResult | undefined {
  const at = findLastRecord(raw, 1)
  if (at < 0) return undefined
  if (beginsWithLeader(raw)) return { record: undefined, problem: problemOf('RECORDS_JOINED', { offset }) }
  const result = readWhole(raw.subarray(at), offset + at, options)
  if (result.record === undefined) return undefined
  const skipped = problemOf('TEXT_BEFORE_RECORD', { offset, detail: `${at} bytes` })
  return { ...result, problems: [skipped, ...result.problems] }
}

function chooseEncoding(raw: Buffer, fields: readonly FieldSpan[], { latin1Guess = false }: TextOptions): Encoding {
  const encoding = encodingOf(raw)
  if (encoding !== 'marc8' || !latin1Guess) return encoding
  const data = raw.subarray(fields[0]?.start ?? 0)
  return looksLikeLatin1(
    data,
    fields.some(({ tag }) => tag === '245')
  )
    ? 'latin1'
    : 'marc8'
}

class CarefulReader {
  readonly #found = new ProblemList()
  readonly #raw: Buffer
  readonly #offset: number
  readonly #form: 'NFC' | 'MARC8'
  readonly #encoding: Encoding

  constructor(raw: Buffer, offset: number, encoding: Encoding, form: 'NFC' | 'MARC8') {
    this.#raw = raw
    this.#offset = offset
    this.#form = form
    this.#encoding = encoding
  }

  get problems(): readonly Problem[] {
    return this.#found.problems
  }

  report(code: ProblemCode, detail?: string, field?: FieldSpan, subfield?: string): void {
    this.#found.report(code, {
      offset: this.#offset + (field?.start ?? 0),
      ...(field === undefined ? {} : { tag: field.tag }),
      ...(subfield === undefined ? {} : { subfield }),
      ...(detail === undefined ? {} : { detail })
    })
  }

  read(spans: readonly FieldSpan[]): MarcRecord {
    const leader = this.#leader()
    let controlNumber: ControlField | undefined
    const control: MarcField[] = []
    const data: MarcField[] = []
    for (const span of spans) {
      if (!/^[0-9A-Za-z]{3}$/.test(span.tag)) this.report('TAG_ODD', undefined, span)
      if (!isControlTag(span.tag)) data.push(this.#dataField(span))
      else if (span.tag !== '001') control.push(this.#controlField(span))
      else {
        if (controlNumber !== undefined) this.report('CONTROL_NUMBER_REPEATED', undefined, span)
        controlNumber = this.#controlField(span)
      }
    }
    if (controlNumber === undefined) this.report('CONTROL_NUMBER_MISSING')
    return { leader, fields: [...(controlNumber === undefined ? [] : [controlNumber]), ...control, ...data] }
  }

  #leader(): string {
    const found = this.#raw.toString('latin1', 0, LEADER_LENGTH)
    this.#checkLength(found.slice(0, 5))
    if (/[^\x20-\x7e]/.test(found)) this.report('LEADER_ODD')
    const counts = found.slice(10, 12).replace(/[^0-9]/g, '2')
    const map = /^[0-9]{4}$/.test(found.slice(20)) ? found.slice(20) : '4500'
    if (counts !== found.slice(10, 12) || map !== found.slice(20))
      this.report('LEADER_COUNTS', found.slice(10, 12) + found.slice(20))
    if (found[9] !== 'a' && found[9] !== ' ') this.report('LEADER_CODING_UNKNOWN', JSON.stringify(found[9]))
    if (found[9] !== 'a' && this.#encoding === 'utf8') this.report('UTF8_UNDECLARED')
    return `00000${found.slice(5, 9)}a${counts}00000${found.slice(17, 20)}${map}`
  }

  #checkLength(stated: string): void {
    const { length } = this.#raw
    if (!/^[0-9]{5}$/.test(stated)) this.report('LENGTH_NOT_A_NUMBER', JSON.stringify(stated))
    else if (length > LONGEST_DESCRIBED) this.report('RECORD_OVERSIZE', `${length} bytes`)
    else if (Number(stated) !== length) this.report('LENGTH_WRONG', `it says ${stated}, the record has ${length} bytes`)
  }

  #controlField(span: FieldSpan): ControlField {
    return { tag: span.tag, value: this.#text(span.start, span.end, span) }
  }

  /** The first two bytes are the indicators whatever they are, as FOLIO takes them; subfields begin at the next delimiter. */
  #dataField(span: FieldSpan): DataField {
    const bytes = this.#raw.subarray(span.start, span.end)
    const indicators = bytes.toString('latin1', 0, 2)
    const firstDelimiter = bytes.indexOf(DELIMITER, 2)
    const subfieldsStart = firstDelimiter < 0 ? bytes.length : firstDelimiter
    if (indicators.length < 2 || indicators.includes('\x1f')) this.report('INDICATOR_MISSING', undefined, span)
    else if (/[^\x20-\x7e]/.test(indicators)) this.report('INDICATOR_ODD', JSON.stringify(indicators), span)
    if (subfieldsStart > 2) this.report('FIELD_TEXT_DROPPED', `${subfieldsStart - 2} bytes`, span)
    const subfields = this.#subfields(span, span.start + subfieldsStart)
    if (subfields.length === 0) this.report('SUBFIELDS_MISSING', undefined, span)
    return { tag: span.tag, ind1: indicators.charAt(0) || ' ', ind2: indicators.charAt(1) || ' ', subfields }
  }

  #subfields(span: FieldSpan, from: number): Subfield[] {
    const subfields: Subfield[] = []
    let at = from
    while (at < span.end) {
      const next = this.#raw.indexOf(DELIMITER, at + 1)
      const end = next < 0 || next > span.end ? span.end : next
      const inside = this.#raw.subarray(at, end).indexOf(FIELD_TERMINATOR)
      const subfield = this.#subfield(span, at + 1, inside < 0 ? end : at + inside)
      if (subfield !== undefined) subfields.push(subfield)
      at = end
    }
    return subfields
  }

  #subfield(span: FieldSpan, from: number, end: number): Subfield | undefined {
    const valueStart = from + this.#codeLength(from, end)
    const found = this.#raw.toString(this.#encoding === 'utf8' ? 'utf8' : 'latin1', from, valueStart)
    if (valueStart >= end) {
      this.report('SUBFIELD_EMPTY', undefined, span, found)
      return undefined
    }
    if (/[A-Z]/.test(found)) this.report('SUBFIELD_CODE_UPPER', found, span, found.toLowerCase())
    else if (!/^[\x21-\x7e]$/.test(found)) this.report('SUBFIELD_CODE_ODD', JSON.stringify(found), span, found)
    const code = found.replace(/[A-Z]/, (letter) => letter.toLowerCase())
    return { code, value: this.#text(valueStart, end, span, code) }
  }

  /** One character, which in UTF-8 may be several bytes: half a character would be no code. */
  #codeLength(from: number, end: number): number {
    let length = Math.min(1, end - from)
    if (this.#encoding !== 'utf8' || (this.#raw[from] ?? 0) < 0xc0) return length
    while (from + length < end && ((this.#raw[from + length] ?? 0) & 0xc0) === 0x80) length += 1
    return length
  }

  #text(from: number, end: number, span: FieldSpan, subfield?: string): string {
    const { text, code, detail } = decodeText(this.#raw, from, end, this.#encoding, this.#form)
    if (code !== undefined) this.report(code, detail, span, subfield)
    return text
  }
}
