import type { FieldBuffer, RecordBuffer } from './record-buffer.ts'
import { addSubfield } from './record-buffer.ts'
import { isSubfieldCode } from './subfield-codes.ts'
import type { TagFilter } from './tag-filter.ts'

const SPACE = 0x20
const QUOTE = 0x22
const COMMA = 0x2c
const ONE = 0x31
const TWO = 0x32
const COLON = 0x3a
const OPEN_LIST = 0x5b
const BACKSLASH = 0x5c
const CLOSE_LIST = 0x5d
const LETTER_D = 0x64
const LETTER_I = 0x69
const LETTER_N = 0x6e
const OPEN = 0x7b
const CLOSE = 0x7d

/** Members of a field, a bit each. */
const IND1 = 1
const IND2 = 2
const SUBFIELDS = 4

const FAR = Number.MAX_SAFE_INTEGER

const CONTROL_CHARACTER = /[\u0000-\u001f]/

/**
 * Reads the common shape of MARC-in-JSON straight from its text: one leader, one list of fields, each with one tag and
 * texts as values. Fields that no rule asks for are checked, but nothing is made of them.
 *
 * @returns false for every other shape and for what is not JSON; the buffer is then of no use
 */
export function scanRecord(text: string, record: RecordBuffer, filter: TagFilter): boolean {
  // Control characters are white space outside texts and forbidden inside; both are left to the careful reader.
  if (CONTROL_CHARACTER.test(text) || text.includes('\u2044')) return false
  return new RecordScan(text, record, filter).run()
}

/** One pass over one text. Each method takes what it names at the current place, or gives false and the scan is over. */
class RecordScan {
  readonly #text: string
  readonly #record: RecordBuffer
  readonly #filter: TagFilter
  #at = 0
  /** Where the next backslash stands. */
  #escape: number
  /** The text taken last has escapes. */
  #escaped = false

  constructor(text: string, record: RecordBuffer, filter: TagFilter) {
    this.#text = text
    this.#record = record
    this.#filter = filter
    this.#escape = this.#nextEscape(0)
  }

  run(): boolean {
    const record = this.#record
    record.reset()
    record.plain = this.#escape === FAR
    if (!this.#take(OPEN)) return false
    let hasLeader = false
    let hasFields = false
    do {
      if (!this.#take(QUOTE)) return false
      if (this.#takeWord('fields"')) {
        if (hasFields || !this.#takeFields()) return false
        hasFields = true
      } else {
        if (hasLeader || !this.#takeWord('leader"') || !this.#takeLeader()) return false
        hasLeader = true
      }
    } while (this.#take(COMMA))
    return this.#take(CLOSE) && this.#atEnd()
  }

  #takeLeader(): boolean {
    if (!this.#take(COLON) || !this.#take(QUOTE)) return false
    const leader = this.#takeText()
    if (leader === undefined) return false
    this.#record.leader = leader
    return true
  }

  #takeFields(): boolean {
    if (!this.#take(COLON) || !this.#take(OPEN_LIST)) return false
    if (this.#take(CLOSE_LIST)) return true
    do {
      if (!this.#take(OPEN) || !this.#take(QUOTE) || !this.#takeField() || !this.#take(CLOSE)) return false
    } while (this.#take(COMMA))
    return this.#take(CLOSE_LIST)
  }

  #takeField(): boolean {
    const text = this.#text
    const at = this.#at
    const first = text.charCodeAt(at)
    const second = text.charCodeAt(at + 1)
    const third = text.charCodeAt(at + 2)
    if (!isTagUnit(first) || !isTagUnit(second) || !isTagUnit(third) || text.charCodeAt(at + 3) !== QUOTE) return false
    this.#at = at + 4
    if (!this.#take(COLON)) return false
    const tag = this.#filter.find(first, second, third)
    if (this.#take(QUOTE)) return tag === undefined ? this.#skipText() : this.#takeControl(tag)
    return this.#take(OPEN) && this.#takeData(tag === undefined ? undefined : this.#record.addField(tag))
  }

  #takeControl(tag: string): boolean {
    const value = this.#takeText()
    if (value === undefined) return false
    this.#record.addControl(tag, value)
    return true
  }

  /** @param field undefined = only checked */
  #takeData(field: FieldBuffer | undefined): boolean {
    if (this.#take(CLOSE)) return true
    let taken = 0
    do {
      if (!this.#take(QUOTE)) return false
      const member = this.#takeMemberName()
      if (member === 0 || (taken & member) !== 0 || !this.#take(COLON)) return false
      taken |= member
      if (member === SUBFIELDS) {
        if (!this.#takeSubfields(field)) return false
        continue
      }
      const indicator = this.#takeIndicator()
      if (indicator === -1) return false
      if (field === undefined) continue
      if (member === IND1) field.ind1 = indicator
      else field.ind2 = indicator
    } while (this.#take(COMMA))
    return this.#take(CLOSE)
  }

  /** One bit per member a field may have; 0 for any other. */
  #takeMemberName(): number {
    const text = this.#text
    const at = this.#at
    if (text.charCodeAt(at) !== LETTER_I) return this.#takeWord('subfields"') ? SUBFIELDS : 0
    if (text.charCodeAt(at + 1) !== LETTER_N || text.charCodeAt(at + 2) !== LETTER_D) return 0
    if (text.charCodeAt(at + 4) !== QUOTE) return 0
    this.#at = at + 5
    const number = text.charCodeAt(at + 3)
    return number === ONE ? IND1 : number === TWO ? IND2 : 0
  }

  /** An indicator of one character; -1 for any other, which is left to the careful reader. */
  #takeIndicator(): number {
    if (!this.#take(QUOTE)) return -1
    const unit = this.#text.charCodeAt(this.#at)
    if (unit === BACKSLASH || unit === QUOTE || this.#text.charCodeAt(this.#at + 1) !== QUOTE) return -1
    this.#at += 2
    return unit
  }

  #takeSubfields(field: FieldBuffer | undefined): boolean {
    if (!this.#take(OPEN_LIST)) return false
    if (this.#take(CLOSE_LIST)) return true
    do {
      const code = this.#takeSubfieldStart()
      if (code === -1) return false
      if (field === undefined || !isSubfieldCode(code)) {
        if (!this.#skipText()) return false
      } else {
        const value = this.#takeText()
        if (value === undefined) return false
        addSubfield(field, code, value)
      }
      if (!this.#take(CLOSE)) return false
    } while (this.#take(COMMA))
    return this.#take(CLOSE_LIST)
  }

  /** Up to the opening quote of the value; gives the code, or -1 when it is not of one unit. */
  #takeSubfieldStart(): number {
    if (!this.#take(OPEN) || !this.#take(QUOTE)) return -1
    const text = this.#text
    const at = this.#at
    const code = text.charCodeAt(at)
    if (code === BACKSLASH || code === QUOTE || text.charCodeAt(at + 1) !== QUOTE) return -1
    this.#at = at + 2
    return this.#take(COLON) && this.#take(QUOTE) ? code : -1
  }

  #take(unit: number): boolean {
    const text = this.#text
    let at = this.#at
    let next = text.charCodeAt(at)
    while (next === SPACE) next = text.charCodeAt(++at)
    if (next === unit) at++
    this.#at = at
    return next === unit
  }

  #takeWord(word: string): boolean {
    if (!this.#text.startsWith(word, this.#at)) return false
    this.#at += word.length
    return true
  }

  /** The rest of a text whose opening quote is taken. */
  #takeText(): string | undefined {
    const start = this.#at
    const end = this.#endOfText()
    if (end === -1) return undefined
    return this.#escaped ? unescape(this.#text.slice(start - 1, end + 1)) : this.#text.slice(start, end)
  }

  #skipText(): boolean {
    const start = this.#at
    const end = this.#endOfText()
    return end !== -1 && (!this.#escaped || unescape(this.#text.slice(start - 1, end + 1)) !== undefined)
  }

  #endOfText(): number {
    let end = this.#text.indexOf('"', this.#at)
    this.#escaped = false
    while (end > this.#escape) {
      this.#escaped = true
      const after = this.#escape + 2
      if (end < after) end = this.#text.indexOf('"', after)
      this.#escape = this.#nextEscape(after)
    }
    if (end !== -1) this.#at = end + 1
    return end
  }

  #nextEscape(from: number): number {
    const next = this.#text.indexOf('\\', from)
    return next === -1 ? FAR : next
  }

  #atEnd(): boolean {
    while (this.#text.charCodeAt(this.#at) === SPACE) this.#at++
    return this.#at === this.#text.length
  }
}

function isTagUnit(unit: number): boolean {
  return (unit >= 0x30 && unit <= 0x39) || (unit >= 0x41 && unit <= 0x5a)
}

/** Undefined when an escape is none of JSON's. */
function unescape(literal: string): string | undefined {
  try {
    return (JSON.parse(literal) as string).replaceAll('\u2044', '/')
  } catch {
    return undefined
  }
}
