import { eastAsianCharacter } from './east-asian-set.ts'
import { BASIC_LATIN, EAST_ASIAN, EXTENDED_LATIN, combiningCharacters, oneByteSets } from './one-byte-sets.ts'

const ESCAPE = 0x1b
const UNMAPPED = '\ufffd'
/** Second half of a ligature or double tilde: the first half made a mark that spans two letters, so nothing is left to write. */
const SECOND_HALF = '\ufffc'
/** Technique 1: one letter after the escape, G0 only. */
const SHORT_ESCAPES: ReadonlyMap<number, number> = new Map([
  [0x67, 0x67],
  [0x62, 0x62],
  [0x70, 0x70],
  [0x73, BASIC_LATIN]
])
/** Control functions of MARC-8: non-sorting begin and end, joiner, non-joiner. */
const CONTROLS: ReadonlyMap<number, string> = new Map([
  [0x88, '\u0098'],
  [0x89, '\u009c'],
  [0x8d, '\u200d'],
  [0x8e, '\u200c']
])

/** Text as MARC-8 gives it: decomposed, combining characters behind their letter. `unmapped` are the bytes no table knows. */
export interface Marc8Text {
  readonly text: string
  readonly unmapped: readonly number[]
}

/**
 * Decodes the bytes of one value (a control field, a subfield). Never throws: what no table knows becomes U+FFFD and is listed.
 *
 * Sets are those of the standard at the start of each value: ASCII in G0, extended Latin in G1. Marks without a letter after
 * them stay at the end, as they came.
 */
export function decodeMarc8(bytes: Uint8Array, from = 0, end = bytes.length): Marc8Text {
  const decoder = new Marc8Decoder(bytes, from, end)
  decoder.run()
  return decoder
}

class Marc8Decoder implements Marc8Text {
  text = ''
  readonly unmapped: number[] = []
  readonly #bytes: Uint8Array
  readonly #end: number
  #at: number
  #marks = ''
  #g0 = BASIC_LATIN
  #g1 = EXTENDED_LATIN

  constructor(bytes: Uint8Array, from: number, end: number) {
    this.#bytes = bytes
    this.#at = from
    this.#end = end
  }

  run(): void {
    while (this.#at < this.#end) {
      const byte = this.#byte(0)
      if (byte === ESCAPE) this.#escape()
      else if (byte <= 0x20) this.#plain(byte)
      else if (byte < 0x7f) this.#graphic(byte, this.#g0)
      else if (byte > 0xa0 && byte < 0xff) this.#graphic(byte & 0x7f, this.#g1)
      else this.#control(byte)
    }
    this.text += this.#marks
  }

  /** Byte at a distance from here; -1 behind the end. */
  #byte(distance: number): number {
    return this.#at + distance < this.#end ? (this.#bytes[this.#at + distance] ?? -1) : -1
  }

  #plain(byte: number): void {
    this.#write(String.fromCharCode(byte))
    this.#at += 1
  }

  #control(byte: number): void {
    const character = CONTROLS.get(byte)
    if (character === undefined) return this.#unmappedBytes(1)
    this.#write(character)
    this.#at += 1
  }

  #graphic(code: number, set: number): void {
    if (set === EAST_ASIAN) return this.#eastAsian()
    const character = oneByteSets.get(set)?.charAt(code - 0x21)
    if (character === undefined || character === '' || character === UNMAPPED) return this.#unmappedBytes(1)
    if (combiningCharacters.has(character)) this.#marks += character
    else if (character !== SECOND_HALF) this.#write(character)
    this.#at += 1
  }

  #eastAsian(): void {
    const [first, second, third] = [this.#byte(0), this.#byte(1), this.#byte(2)]
    if (second < 0 || third < 0) return this.#unmappedBytes(this.#end - this.#at)
    const character = eastAsianCharacter(((first & 0x7f) << 16) | ((second & 0x7f) << 8) | (third & 0x7f))
    if (character === undefined) return this.#unmappedBytes((second & 0x7f) > 0x20 && (third & 0x7f) >= 0x20 ? 3 : 1)
    this.#write(character)
    this.#at += 3
  }

  /** `ESC ( F`, `ESC ) F`, `ESC $ F`, `ESC $ ) F`, with `!` before the F of extended Latin; `,` and `-` for the brackets. */
  #escape(): void {
    const short = SHORT_ESCAPES.get(this.#byte(1))
    if (short !== undefined) {
      this.#g0 = short
      this.#at += 2
      return
    }
    let length = 1
    const wide = this.#byte(length) === 0x24
    if (wide) length += 1
    const target = this.#byte(length)
    const toG1 = target === 0x29 || target === 0x2d
    if (toG1 || target === 0x28 || target === 0x2c) length += 1
    else if (!wide) return this.#unmappedBytes(1)
    if (!wide && this.#byte(length) === 0x21) length += 1
    const set = this.#byte(length)
    if (wide ? set !== EAST_ASIAN : !oneByteSets.has(set)) return this.#unmappedBytes(1)
    if (toG1) this.#g1 = set
    else this.#g0 = set
    this.#at += length + 1
  }

  #unmappedBytes(count: number): void {
    for (let at = 0; at < count; at++) this.unmapped.push(this.#byte(at))
    this.#write(UNMAPPED)
    this.#at += count
  }

  #write(character: string): void {
    this.text += this.#marks === '' ? character : character + this.#marks
    this.#marks = ''
  }
}
