import type { ProblemCode } from './problem.ts'

/** A field's tag and bytes, its terminator left out. */
export interface FieldSpan {
  readonly tag: string
  readonly start: number
  readonly end: number
}

/** Fields in the order of the data, and what had to be overcome to find them. */
export interface LocatedFields {
  readonly fields: readonly FieldSpan[]
  readonly found: readonly { readonly code: ProblemCode; readonly detail?: string }[]
}

interface DirectoryEntry {
  readonly tag: string
  readonly length: number
  readonly start: number
}

const FIELD_TERMINATOR = 0x1e
const LEADER_LENGTH = 24
const ENTRY_LENGTH = 12

/**
 * Finds the fields of one raw record. The directory is believed only when every entry ends at a field terminator and spans no
 * other; if any fails, fields are told apart by their terminators and take the tags in directory order.
 *
 * @param start first byte of the leader
 * @param dataEnd where the record terminator stands
 * @returns a code when the fields cannot be told apart
 */
export function locateFields(bytes: Buffer, start: number, dataEnd: number): LocatedFields | ProblemCode {
  const found: { code: ProblemCode; detail?: string }[] = []
  const directoryEnd = findDirectoryEnd(bytes, start, dataEnd)
  if (directoryEnd < 0) return 'BASE_ADDRESS_IMPOSSIBLE'
  const base = directoryEnd + 1
  if (start + decimal(bytes, start + 12, 5) !== base) found.push({ code: 'BASE_ADDRESS_WRONG' })
  const entries = readDirectory(bytes, start + LEADER_LENGTH, directoryEnd)

  const verified = sliceByDirectory(bytes, entries, base, dataEnd)
  if (verified !== undefined) {
    if (!isAscending(verified)) found.push({ code: 'DIRECTORY_ORDER' })
    const unnamed = dataEnd - base - verified.reduce((sum, field) => sum + field.end + 1 - field.start, 0)
    if (unnamed > 0) found.push({ code: 'DATA_UNNAMED', detail: `${unnamed} bytes` })
    return { fields: verified.toSorted((a, b) => a.start - b.start), found }
  }
  const walked = walkTerminators(bytes, entries, base, dataEnd)
  if (walked === undefined) return 'DIRECTORY_UNREADABLE'
  found.push({ code: 'DIRECTORY_MISFIT' })
  return { fields: walked, found }
}

/** The terminator before the base address; when there is none, the first one that ends a whole number of entries. */
function findDirectoryEnd(bytes: Buffer, start: number, dataEnd: number): number {
  const stated = start + decimal(bytes, start + 12, 5) - 1
  if (stated >= start + LEADER_LENGTH && stated < dataEnd && bytes[stated] === FIELD_TERMINATOR) return stated
  const first = bytes.indexOf(FIELD_TERMINATOR, start + LEADER_LENGTH)
  if (first < 0 || first >= dataEnd || (first - start - LEADER_LENGTH) % ENTRY_LENGTH !== 0) return -1
  return first
}

function readDirectory(bytes: Buffer, from: number, end: number): DirectoryEntry[] {
  const entries: DirectoryEntry[] = []
  for (let at = from; at + ENTRY_LENGTH <= end; at += ENTRY_LENGTH) {
    entries.push({
      tag: bytes.toString('latin1', at, at + 3),
      length: decimal(bytes, at + 3, 4),
      start: decimal(bytes, at + 7, 5)
    })
  }
  return entries
}

function sliceByDirectory(
  bytes: Buffer,
  entries: readonly DirectoryEntry[],
  base: number,
  dataEnd: number
): FieldSpan[] | undefined {
  const fields: FieldSpan[] = []
  for (const { tag, length, start } of entries) {
    const from = base + start
    const end = from + length - 1
    // NaN fails every comparison, so a number that is none ends up here as well
    if (!(end >= from && end < dataEnd) || bytes.indexOf(FIELD_TERMINATOR, from) !== end) return undefined
    fields.push({ tag, start: from, end })
  }
  return fields
}

function walkTerminators(
  bytes: Buffer,
  entries: readonly DirectoryEntry[],
  base: number,
  dataEnd: number
): FieldSpan[] | undefined {
  const fields: FieldSpan[] = []
  let from = base
  for (const { tag } of entries) {
    const end = bytes.indexOf(FIELD_TERMINATOR, from)
    if (end < 0 || end >= dataEnd) return undefined
    fields.push({ tag, start: from, end })
    from = end + 1
  }
  return fields
}

function isAscending(fields: readonly FieldSpan[]): boolean {
  return fields.every((field, at) => at === 0 || field.start >= (fields[at - 1]?.start ?? 0))
}

function decimal(bytes: Buffer, from: number, count: number): number {
  let value = 0
  for (let at = from; at < from + count; at++) {
    const digit = (bytes[at] ?? 0) - 0x30
    if (digit < 0 || digit > 9) return NaN
    value = value * 10 + digit
  }
  return value
}
