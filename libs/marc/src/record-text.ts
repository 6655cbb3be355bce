import { isAscii, isUtf8 } from 'node:buffer'

import { decodeMarc8 } from './marc8/decode-marc8.ts'
import type { ProblemCode } from './problem.ts'

/** How the bytes of a record become text. */
export type Encoding = 'ascii' | 'utf8' | 'marc8' | 'latin1'

export interface DecodedText {
  readonly text: string
  readonly code?: ProblemCode
  readonly detail?: string
}

const CHOSEN_UTF8 = 0x61

/** leader/09 `a` is UTF-8; otherwise the bytes tell: pure ASCII, valid UTF-8, else MARC-8. */
export function encodingOf(record: Buffer): Encoding {
  if (isAscii(record)) return record[9] === CHOSEN_UTF8 || record.indexOf(0x1b) < 0 ? 'ascii' : 'marc8'
  return record[9] === CHOSEN_UTF8 || isUtf8(record) ? 'utf8' : 'marc8'
}

/**
 * Whether FOLIO would take bytes that are neither ASCII nor UTF-8 for Latin-1: where MARC-8 finds no letter with its mark, and in
 * records without a title. It is wrong about most of them. FOLIO also guesses UNIMARC now and then, which is not done here.
 */
export function looksLikeLatin1(data: Buffer, hasTitle: boolean): boolean {
  return !hasTitle || decodeMarc8(data).text.normalize('NFC').length >= data.length
}

/** Decodes one value. Text from MARC-8 is composed (NFC) unless FOLIO's decomposed form is asked for. */
export function decodeText(
  bytes: Buffer,
  from: number,
  end: number,
  encoding: Encoding,
  form: 'NFC' | 'MARC8'
): DecodedText {
  if (encoding === 'ascii' || encoding === 'latin1') return { text: bytes.toString('latin1', from, end) }
  if (encoding === 'utf8') return decodeUtf8(bytes, from, end)
  const { text, unmapped } = decodeMarc8(bytes, from, end)
  const composed = form === 'NFC' ? text.normalize('NFC') : text
  if (unmapped.length === 0) return { text: composed }
  return { text: composed, code: 'MARC8_UNMAPPED', detail: hexOf(unmapped) }
}

function hexOf(bytes: readonly number[]): string {
  const shown = bytes.slice(0, 8).map((byte) => byte.toString(16).toUpperCase().padStart(2, '0'))
  return shown.join(' ') + (bytes.length > shown.length ? ' …' : '')
}

function decodeUtf8(bytes: Buffer, from: number, end: number): DecodedText {
  const text = bytes.toString('utf8', from, end)
  return text.includes('\ufffd') && !isUtf8(bytes.subarray(from, end)) ? { text, code: 'UTF8_INVALID' } : { text }
}
