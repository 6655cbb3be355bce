import { SaxesParser } from 'saxes'

import { canonicalLeader } from '../canonical-leader.ts'
import { isControlTag } from '../marc-record.ts'
import type { MarcField, MarcRecord, Subfield } from '../marc-record.ts'
import { orderFields } from '../order-fields.ts'
import type { Report } from '../problem.ts'
import { plainXmlRecord } from './plain-xml-record.ts'

type Attributes = Readonly<Record<string, string>>

/** Reads the text of single `record` elements. It keeps its parser from record to record. */
export class XmlRecordReader {
  readonly #parser = new SaxesParser<{ position: false; xmlns: false }>({ position: false, xmlns: false })
  #malformed: string | undefined
  #report: Report = () => undefined
  #leader: string | undefined
  #fields: MarcField[] = []
  #subfields: Subfield[] | undefined
  /** Text of the value under way; undefined between values. */
  #value: string | undefined

  constructor() {
    this.#parser.on('error', (error) => (this.#malformed ??= error.message))
    this.#parser.on('opentag', ({ name, attributes }) => this.#open(localName(name), attributes))
    this.#parser.on('closetag', ({ name, attributes }) => this.#close(localName(name), attributes))
    const add = (text: string) => {
      if (this.#value !== undefined) this.#value += text
    }
    this.#parser.on('text', add)
    this.#parser.on('cdata', add)
  }

  /** @returns the record; `empty` when the element holds no MARC; else what makes it no XML */
  read(text: string, report: Report): MarcRecord | { readonly malformed: string } | 'empty' {
    const plain = plainXmlRecord(text)
    if (plain !== undefined)
      return { leader: canonicalLeader(plain.leader, report), fields: orderFields(plain.fields, report) }
    this.#malformed = undefined
    this.#report = report
    this.#leader = undefined
    this.#fields = []
    this.#value = undefined
    this.#parser.write(text).close()
    if (this.#malformed !== undefined) return { malformed: this.#malformed }
    if (this.#leader === undefined && this.#fields.length === 0) return 'empty'
    return { leader: canonicalLeader(this.#leader ?? '', report), fields: orderFields(this.#fields, report) }
  }

  #open(element: string, attributes: Attributes): void {
    if (element === 'leader' || element === 'controlfield' || element === 'subfield') this.#value = ''
    if (element === 'datafield') this.#openDataField(attributes)
  }

  #openDataField(attributes: Attributes): void {
    const tag = attributes['tag'] ?? ''
    if (!/^[0-9A-Za-z]{3}$/.test(tag) || isControlTag(tag)) this.#report('TAG_ODD', { tag })
    const { ind1 = '', ind2 = '' } = attributes
    if (attributes['ind1'] === undefined || attributes['ind2'] === undefined) this.#report('INDICATOR_BLANKED', { tag })
    this.#subfields = []
    this.#fields.push({ tag, ind1: ind1.charAt(0) || ' ', ind2: ind2.charAt(0) || ' ', subfields: this.#subfields })
  }

  #close(element: string, attributes: Attributes): void {
    if (element === 'datafield') this.#subfields = undefined
    if (this.#value === undefined) return
    if (element === 'leader') this.#leader = this.#value
    else if (element === 'controlfield') this.#closeControlField(attributes['tag'] ?? '', this.#value)
    else if (element === 'subfield') this.#closeSubfield(attributes['code'] ?? '', this.#value)
    else return
    this.#value = undefined
  }

  #closeControlField(tag: string, value: string): void {
    if (!isControlTag(tag)) this.#report('TAG_ODD', { tag })
    this.#fields.push({ tag, value })
  }

  #closeSubfield(found: string, value: string): void {
    const tag = this.#fields.at(-1)?.tag ?? ''
    if (!/^[\x21-\x7e]$/.test(found)) this.#report('SUBFIELD_CODE_ODD', { tag, subfield: found })
    if (this.#subfields === undefined) return this.#report('FIELD_DROPPED', { subfield: found })
    this.#subfields.push({ code: found.slice(0, 1) || ' ', value })
  }
}

function localName(name: string): string {
  const colon = name.indexOf(':')
  return colon < 0 ? name : name.slice(colon + 1)
}
