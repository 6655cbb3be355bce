import type { DataField, MarcField, Subfield } from '../marc-record.ts'

/** What the plain reader found in a record element; leader and order are still those of the file. */
export interface PlainXmlRecord {
  readonly leader: string
  readonly fields: readonly MarcField[]
}

/** Characters and references that are the SAX parser's business. */
const NOT_PLAIN = /[\x00-\x08\x0b-\x1f\ufffd-\uffff]|\]\]>|&(?!(?:amp|lt|gt|quot|apos);)|<[!?]/
const REFERENCES: Readonly<Record<string, string>> = { '&amp;': '&', '&lt;': '<', '&gt;': '>', '&quot;': '"', '&apos;': "'" }
const RECORD_OPEN = /^<([\w.-]+:)?record(?:\s+[\w.:-]+="[^"<>&]*")*\s*>/

/**
 * Reads a record element written the way nearly all programs write it: known elements only, attributes in the usual order and in
 * double quotes, no comments, no CDATA. At the first thing it does not expect it gives up, and the SAX parser reads the
 * element from the start: it alone decides what is well-formed, this only spares it the plain cases.
 */
export function plainXmlRecord(text: string): PlainXmlRecord | undefined {
  const open = RECORD_OPEN.exec(text)
  if (open === null || NOT_PLAIN.test(text)) return undefined
  return new PlainReader(text, open[0].length, open[1] ?? '').read()
}

class PlainReader {
  readonly #text: string
  readonly #names: Names
  #at: number

  constructor(text: string, at: number, prefix: string) {
    this.#text = text
    this.#at = at
    this.#names = namesOf(prefix)
  }

  read(): PlainXmlRecord | undefined {
    const names = this.#names
    const leader = this.#skip(names.leaderOpen) ? this.#value(names.leaderClose) : undefined
    if (leader === undefined || leader.length !== 24) return undefined
    const fields: MarcField[] = []
    for (;;) {
      let field: MarcField | undefined
      if (this.#skip(names.dataOpen)) field = this.#dataField()
      else if (this.#skip(names.controlOpen)) field = this.#controlField()
      else break
      if (field === undefined) return undefined
      fields.push(field)
    }
    return this.#skip(names.recordClose) && this.#at === this.#text.length ? { leader, fields } : undefined
  }

  #controlField(): MarcField | undefined {
    const tag = this.#text.slice(this.#at, this.#at + 3)
    this.#at += 3
    if (!/^00[0-9]$/.test(tag) || !this.#expect('">')) return undefined
    const value = this.#value(this.#names.controlClose)
    return value === undefined ? undefined : { tag, value }
  }

  #dataField(): DataField | undefined {
    const text = this.#text
    const start = this.#at
    const tag = text.slice(start, start + 3)
    if (!/^(?!00)[0-9]{3}$/.test(tag) || !text.startsWith('" ind1="', start + 3) || !text.startsWith('" ind2="', start + 12))
      return undefined
    const ind1 = text.charAt(start + 11)
    const ind2 = text.charAt(start + 20)
    this.#at = start + 21
    if (!isSign(ind1) || !isSign(ind2) || !this.#expect('">')) return undefined
    const subfields: Subfield[] = []
    while (this.#skip(this.#names.subfieldOpen)) {
      const code = text.charAt(this.#at++)
      if (!isSign(code) || code === ' ' || !this.#expect('">')) return undefined
      const value = this.#value(this.#names.subfieldClose)
      if (value === undefined) return undefined
      subfields.push({ code, value })
    }
    return this.#skip(this.#names.dataClose) ? { tag, ind1, ind2, subfields } : undefined
  }

  /** Text up to the end tag of its element. */
  #value(close: string): string | undefined {
    const end = this.#text.indexOf('<', this.#at)
    const value = this.#text.slice(this.#at, end)
    this.#at = end
    if (!this.#expect(close)) return undefined
    return value.includes('&') ? value.replace(/&\w+;/g, (reference) => REFERENCES[reference] ?? reference) : value
  }

  /** Passes white space and the tag, if that is what comes next. */
  #skip(tag: string): boolean {
    let at = this.#at
    for (
      let code = this.#text.charCodeAt(at);
      code === 0x20 || code === 0x0a || code === 0x09;
      code = this.#text.charCodeAt(at)
    )
      at += 1
    if (!this.#text.startsWith(tag, at)) return false
    this.#at = at + tag.length
    return true
  }

  #expect(literal: string): boolean {
    if (!this.#text.startsWith(literal, this.#at)) return false
    this.#at += literal.length
    return true
  }
}

/** One character of printable ASCII that means nothing in XML. */
function isSign(character: string): boolean {
  return /^[ !#-%'-;=?-~]$/.test(character)
}

type Names = ReturnType<typeof makeNames>

function makeNames(prefix: string) {
  return {
    leaderOpen: `<${prefix}leader>`,
    leaderClose: `</${prefix}leader>`,
    controlOpen: `<${prefix}controlfield tag="`,
    controlClose: `</${prefix}controlfield>`,
    dataOpen: `<${prefix}datafield tag="`,
    dataClose: `</${prefix}datafield>`,
    subfieldOpen: `<${prefix}subfield code="`,
    subfieldClose: `</${prefix}subfield>`,
    recordClose: `</${prefix}record>`
  }
}

let lastPrefix = ''
let lastNames = makeNames('')

/** Files keep to one prefix. */
function namesOf(prefix: string): Names {
  if (prefix !== lastPrefix) {
    lastPrefix = prefix
    lastNames = makeNames(prefix)
  }
  return lastNames
}
