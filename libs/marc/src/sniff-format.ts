import type { FileFormat } from '@marc-migrations/domain'

/** As much of a leader as there is; a damaged one is known by the terminators behind it. */
const LEADER = /^\d{5}(?:[ -~]{5}[\d ]{7}|[ -~]{0,11}$)/

/**
 * Tells the format of a file from its beginning.
 *
 * @param firstBytes at least the first 4 KB, or the whole of a shorter file
 * @returns undefined when the bytes look like none of the formats, or are none at all
 */
export function sniffFormat(firstBytes: Uint8Array): FileFormat | 'gzip' | undefined {
  if (firstBytes[0] === 0x1f && firstBytes[1] === 0x8b) return 'gzip'
  const bytes = Buffer.from(firstBytes.buffer, firstBytes.byteOffset, firstBytes.length)
  const text = textOf(bytes)
  // Between records marks and blanks are skipped, so they tell nothing; neither does a NUL
  const start = text.replace(/^[\ufeff\0- ]+/, '')
  if (start.startsWith('<')) return 'marcxml'
  if (start.startsWith('[')) return 'json'
  if (start.startsWith('{')) return isLineOfRecord(start) ? 'jsonl' : 'json'
  if (/^=[0-9A-Za-z]{3} /.test(start)) return 'mrk'
  return LEADER.test(start) || /[\x1d\x1e]/.test(text) ? 'iso2709' : undefined
}

function textOf(bytes: Buffer): string {
  if (bytes[0] === 0xff && bytes[1] === 0xfe) return bytes.toString('utf16le')
  if (bytes[0] === 0xfe && bytes[1] === 0xff)
    return Buffer.from(bytes.subarray(0, bytes.length & ~1))
      .swap16()
      .toString('utf16le')
  return bytes.toString('utf8')
}

/** JSON lines have a whole object a line; an object spread over lines is one JSON text. A damaged first line tells nothing. */
function isLineOfRecord(start: string): boolean {
  const [first = '', second = ''] = start.split(/\r?\n/, 2)
  return first.trimEnd().endsWith('}') || second.startsWith('{') || first.length === start.length
}
