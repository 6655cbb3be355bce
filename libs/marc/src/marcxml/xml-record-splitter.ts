import { MAX_RECORD_BYTES } from '../record-cut.ts'

/** The text of one `record` element, tags included, or why there is none. Positions count UTF-16 units of the whole text. */
export type XmlCut =
  | { readonly kind: 'record'; readonly start: number; readonly text: string }
  | { readonly kind: 'unclosed' | 'too-long'; readonly start: number; readonly end: number }
  | { readonly kind: 'doctype'; readonly start: number; readonly end: number }

/** Whatever can stand where a record element may begin or end; a comment may hold anything. */
const MARKUP = /<(?:!--|!\[CDATA\[|\?|!DOCTYPE|(\/?)(?:[\w.-]+:)?record(?=[\s/>]))/g
/** As many characters as an unfinished piece of markup can have before the expression above would know it. */
const LONGEST_MARKUP = 80
const ENDS: Readonly<Record<string, string>> = { '<!--': '-->', '<![CDATA[': ']]>', '<?': '?>' }

/**
 * Cuts the text of an XML file into its `record` elements, whatever their prefix, without reading them: so that a record that
 * is not well-formed costs one record and not the rest of the file.
 *
 * Of record elements inside each other (OAI-PMH, SRU) the inner one counts. Comments, CDATA and processing
 * instructions hide what is in them. A DOCTYPE ends the reading: entities of strangers are not expanded. Outside records
 * nothing is kept; inside one at most MAX_RECORD_BYTES characters.
 */
export class XmlRecordSplitter {
  #text = ''
  /** Position of `#text[0]` in the file. */
  #base = 0
  /** Where in `#text` the record under way begins, or -1. */
  #start = -1
  #scanFrom = 0
  /** What ends the comment, CDATA section or instruction under way. */
  #hiddenUntil: string | undefined
  #refused = false

  push(piece: string): XmlCut[] {
    const cuts: XmlCut[] = []
    if (this.#refused) return cuts
    this.#text += piece
    while (this.#step(cuts));
    if (this.#start >= 0 && this.#text.length - this.#start > MAX_RECORD_BYTES)
      this.#giveUp('too-long', this.#text.length, cuts)
    this.#forget()
    return cuts
  }

  /** Position in the file before which no cut will begin or end any more. */
  get doneUntil(): number {
    return this.#base
  }

  end(): XmlCut[] {
    const cuts: XmlCut[] = []
    if (this.#start >= 0) this.#giveUp('unclosed', this.#text.length, cuts)
    return cuts
  }

  /** @returns whether there may be more to find in the text at hand */
  #step(cuts: XmlCut[]): boolean {
    if (this.#hiddenUntil !== undefined) return this.#skipHidden(this.#hiddenUntil, cuts)
    MARKUP.lastIndex = this.#scanFrom
    const match = MARKUP.exec(this.#text)
    if (match === null) {
      this.#scanTo(this.#text.length - LONGEST_MARKUP, cuts)
      return false
    }
    this.#scanTo(match.index, cuts)
    if (match[0] === '<!DOCTYPE') return this.#refuse(match.index, cuts)
    const end = ENDS[match[0]]
    if (end !== undefined) {
      this.#hiddenUntil = end
      this.#scanFrom += match[0].length
      return true
    }
    return match[1] === '/' ? this.#close(cuts) : this.#open(match.index, cuts)
  }

  /** A record is given up once all markup in its first MAX_RECORD_BYTES was looked at, wherever pieces end. */
  #scanTo(at: number, cuts: XmlCut[]): void {
    this.#scanFrom = Math.max(this.#scanFrom, at)
    const limit = this.#start + MAX_RECORD_BYTES
    if (this.#start >= 0 && this.#scanFrom > limit) this.#giveUp('too-long', limit, cuts)
  }

  #skipHidden(end: string, cuts: XmlCut[]): boolean {
    const at = this.#text.indexOf(end, this.#scanFrom)
    if (at < 0) {
      this.#scanTo(this.#text.length - end.length + 1, cuts)
      return false
    }
    this.#scanTo(at + end.length, cuts)
    this.#hiddenUntil = undefined
    return true
  }

  #open(at: number, cuts: XmlCut[]): boolean {
    const tagEnd = endOfTag(this.#text, at)
    if (tagEnd < 0) return false
    if (this.#start >= 0 && hasMarc(this.#text.slice(this.#start, at))) this.#giveUp('unclosed', at, cuts)
    this.#start = at
    this.#scanFrom = tagEnd
    if (this.#text[tagEnd - 2] === '/') this.#cut(tagEnd, cuts)
    return true
  }

  #close(cuts: XmlCut[]): boolean {
    const tagEnd = this.#text.indexOf('>', this.#scanFrom) + 1
    if (tagEnd === 0) return false
    this.#scanFrom = tagEnd
    if (this.#start >= 0) this.#cut(tagEnd, cuts)
    return true
  }

  #cut(end: number, cuts: XmlCut[]): void {
    cuts.push({ kind: 'record', start: this.#base + this.#start, text: this.#text.slice(this.#start, end) })
    this.#start = -1
  }

  #giveUp(kind: 'unclosed' | 'too-long', end: number, cuts: XmlCut[]): void {
    cuts.push({ kind, start: this.#base + this.#start, end: this.#base + end })
    this.#start = -1
  }

  #refuse(at: number, cuts: XmlCut[]): boolean {
    cuts.push({ kind: 'doctype', start: this.#base + at, end: this.#base + at })
    this.#refused = true
    this.#text = ''
    this.#start = -1
    return false
  }

  #forget(): void {
    const keepFrom = this.#start >= 0 ? this.#start : this.#scanFrom
    if (keepFrom === 0) return
    this.#text = this.#text.slice(keepFrom)
    this.#base += keepFrom
    this.#scanFrom -= keepFrom
    if (this.#start >= 0) this.#start = 0
  }
}

/** One past the `>` of the tag that begins at `at`; a `>` in a quoted attribute does not end it. -1 when it is not there yet. */
function endOfTag(text: string, at: number): number {
  const tag = /<[^>"']*(?:"[^"]*"[^>"']*|'[^']*'[^>"']*)*>/y
  tag.lastIndex = at
  return tag.test(text) ? tag.lastIndex : -1
}

function hasMarc(text: string): boolean {
  return /<(?:[\w.-]+:)?(?:leader|controlfield|datafield)[\s/>]/.test(text)
}
