import type { FieldBuffer, RecordBuffer } from './record-buffer.ts'
import { addSubfield } from './record-buffer.ts'
import { isSubfieldCode } from './subfield-codes.ts'
import type { TagFilter } from './tag-filter.ts'

const SPACE = 0x20
const QUOTE = 0x22
const COMMA = 0x2c
const COLON = 0x3a
const OPEN_LIST = 0x5b
const BACKSLASH = 0x5c
const CLOSE_LIST = 0x5d
const OPEN = 0x7b
const CLOSE = 0x7d

const FAR = Number.MAX_SAFE_INTEGER

// eslint-disable-next-line no-control-regex
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
    let hasFirst = false
    let hasSecond = false
    let hasSubfields = false
    do {
      if (!this.#take(QUOTE)) return false
      if (this.#takeWord('ind1"')) {
        const indicator = this.#takeIndicator()
        if (hasFirst || indicator === undefined) return false
        hasFirst = true
        if (field !== undefined) field.ind1 = indicator
      } else if (this.#takeWord('ind2"')) {
        const indicator = this.#takeIndicator()
        if (hasSecond || indicator === undefined) return false
        hasSecond = true
        if (field !== undefined) field.ind2 = indicator
      } else {
        if (hasSubfields || !this.#takeWord('subfields"') || !this.#takeSubfields(field)) return false
        hasSubfields = true
      }
    } while (this.#take(COMMA))
    return this.#take(CLOSE)
  }

  /** An indicator of one character; any other is left to the careful reader. */
  #takeIndicator(): number | undefined {
    if (!this.#take(COLON) || !this.#take(QUOTE)) return undefined
    const unit = this.#text.charCodeAt(this.#at)
    if (unit === BACKSLASH || unit === QUOTE || this.#text.charCodeAt(this.#at + 1) !== QUOTE) return undefined
    this.#at += 2
    return unit
  }

  #takeSubfields(field: FieldBuffer | undefined): boolean {
    if (!this.#take(COLON) || !this.#take(OPEN_LIST)) return false
    if (this.#take(CLOSE_LIST)) return true
    do {
      if (!this.#take(OPEN) || !this.#take(QUOTE)) return false
      const code = this.#text.charCodeAt(this.#at)
      if (code === BACKSLASH || code === QUOTE || this.#text.charCodeAt(this.#at + 1) !== QUOTE) return false
      this.#at += 2
      if (!this.#take(COLON) || !this.#take(QUOTE)) return false
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
