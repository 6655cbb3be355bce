import { isControlTag } from './marc-record.ts'
import type { ControlField, DataField, MarcField, MarcRecord, Subfield } from './marc-record.ts'
import { locateFields } from './locate-fields.ts'
import type { FieldSpan } from './locate-fields.ts'
import { problemOf } from './problem.ts'
import type { Problem, ProblemCode } from './problem.ts'
import { decodeText, encodingOf } from './record-text.ts'
import type { Encoding } from './record-text.ts'

const DELIMITER = 0x1f
const LEADER_LENGTH = 24
/** What the five digits of leader/00-04 can say. */
const LONGEST_DESCRIBED = 99_999

/** How text that had to be converted comes out. */
export interface TextOptions {
  /** `NFC` composes what came from MARC-8, `MARC8` leaves it decomposed as FOLIO does. UTF-8 input is kept as it is. */
  readonly form?: 'NFC' | 'MARC8'
}

export type CarefulResult =
  | { readonly record: MarcRecord; readonly problems: readonly Problem[] }
  | { readonly record: undefined; readonly problem: Problem }

/**
 * Reads one raw record of ISO 2709 whatever its state, and names everything about it that is not as it should be.
 *
 * @param raw the bytes from the leader to the record terminator, both included
 * @param offset of the record in the file, for the problems
 */
export function readCarefully(raw: Buffer, offset: number, options: TextOptions = {}): CarefulResult {
  if (raw.length < LEADER_LENGTH + 2) return { record: undefined, problem: problemOf('RECORD_TOO_SHORT', { offset }) }
  const located = locateFields(raw, 0, raw.length - 1)
  if (typeof located === 'string') return { record: undefined, problem: problemOf(located, { offset }) }
  const reader = new CarefulReader(raw, offset, options.form ?? 'NFC')
  for (const { code, detail } of located.found) reader.report(code, detail)
  return { record: reader.read(located.fields), problems: reader.problems }
}

class CarefulReader {
  readonly problems: Problem[] = []
  readonly #raw: Buffer
  readonly #offset: number
  readonly #form: 'NFC' | 'MARC8'
  readonly #encoding: Encoding

  constructor(raw: Buffer, offset: number, form: 'NFC' | 'MARC8') {
    this.#raw = raw
    this.#offset = offset
    this.#form = form
    this.#encoding = encodingOf(raw)
  }

  report(code: ProblemCode, detail?: string, field?: FieldSpan, subfield?: string): void {
    this.problems.push(
      problemOf(code, {
        offset: this.#offset + (field?.start ?? 0),
        ...(field === undefined ? {} : { tag: field.tag }),
        ...(subfield === undefined ? {} : { subfield }),
        ...(detail === undefined ? {} : { detail })
      })
    )
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
    if (this.#raw.length > LONGEST_DESCRIBED) this.report('RECORD_OVERSIZE', `${this.#raw.length} bytes`)
    else if (found.slice(0, 5) !== String(this.#raw.length).padStart(5, '0')) {
      this.report('LENGTH_WRONG', `it says ${JSON.stringify(found.slice(0, 5))}, the record has ${this.#raw.length} bytes`)
    }
    const kept = found.slice(5, 9) + found.slice(17, 20)
    if (/[^\x20-\x7e]/.test(kept)) this.report('LEADER_REPAIRED')
    const [status, level] = [kept.slice(0, 4), kept.slice(4)].map((part) => part.replace(/[^\x20-\x7e]/g, ' '))
    if (found[9] !== 'a' && found[9] !== ' ') this.report('LEADER_CODING_UNKNOWN', JSON.stringify(found[9]))
    if (found[9] !== 'a' && this.#encoding === 'utf8') this.report('UTF8_UNDECLARED')
    return `00000${status}a2200000${level}4500`
  }

  #controlField(span: FieldSpan): ControlField {
    return { tag: span.tag, value: this.#text(span.start, span.end, span) }
  }

  #dataField(span: FieldSpan): DataField {
    const raw = this.#raw
    const firstDelimiter = raw.subarray(span.start, span.end).indexOf(DELIMITER)
    const subfieldsStart = firstDelimiter < 0 ? span.end : span.start + firstDelimiter
    const head = decodeText(raw, span.start, subfieldsStart, this.#encoding === 'utf8' ? 'utf8' : 'ascii', this.#form).text
    if (head.length < 2) this.report('INDICATOR_MISSING', undefined, span)
    if (head.length > 2) this.report('FIELD_TEXT_DROPPED', JSON.stringify(head.slice(2)), span)
    if (/[^\x20-\x7e]/.test(head.slice(0, 2))) this.report('INDICATOR_ODD', JSON.stringify(head.slice(0, 2)), span)
    const subfields = this.#subfields(span, subfieldsStart)
    if (subfields.length === 0) this.report('SUBFIELDS_MISSING', undefined, span)
    return { tag: span.tag, ind1: head.charAt(0) || ' ', ind2: head.charAt(1) || ' ', subfields }
  }

  #subfields(span: FieldSpan, from: number): Subfield[] {
    const subfields: Subfield[] = []
    let at = from
    while (at < span.end) {
      const next = this.#raw.indexOf(DELIMITER, at + 1)
      const end = next < 0 || next > span.end ? span.end : next
      const subfield = this.#subfield(span, at + 1, end)
      if (subfield !== undefined) subfields.push(subfield)
      at = end
    }
    return subfields
  }

  #subfield(span: FieldSpan, from: number, end: number): Subfield | undefined {
    const codeLength = this.#codeLength(from, end)
    const found = decodeText(
      this.#raw,
      from,
      from + codeLength,
      this.#encoding === 'utf8' ? 'utf8' : 'ascii',
      this.#form
    ).text
    if (from + codeLength >= end) {
      this.report('SUBFIELD_EMPTY', undefined, span, found)
      return undefined
    }
    if (/[A-Z]/.test(found)) this.report('SUBFIELD_CODE_UPPER', found, span, found.toLowerCase())
    else if (!/^[\x21-\x7e]$/.test(found)) this.report('SUBFIELD_CODE_ODD', JSON.stringify(found), span, found)
    const code = found.replace(/[A-Z]/, (letter) => letter.toLowerCase())
    return { code, value: this.#text(from + codeLength, end, span, code) }
  }

  /** One character, which in UTF-8 may be several bytes: half a character would be no code. */
  #codeLength(from: number, end: number): number {
    const first = this.#raw[from] ?? 0
    if (this.#encoding !== 'utf8' || first < 0xc2) return Math.min(1, end - from)
    return Math.min(first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4, end - from)
  }

  #text(from: number, end: number, span: FieldSpan, subfield?: string): string {
    const { text, code, detail } = decodeText(this.#raw, from, end, this.#encoding, this.#form)
    if (code !== undefined) this.report(code, detail, span, subfield)
    return text
  }
}
