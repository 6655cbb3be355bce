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
  /** Where the directory says the field begins and its terminator stands; NaN where it has no numbers. */
  readonly start: number
  readonly end: number
}

const FIELD_TERMINATOR = 0x1e
const LEADER_LENGTH = 24
const ENTRY_LENGTH = 12

/**
 * Finds the fields of one raw record. The directory is believed when every entry ends at a field terminator and spans no
 * other; if any fails, fields are told apart by their terminators and take the tags in directory order.
 *
 * @param raw the record from its leader to its terminator, both included
 * @returns a code when the fields cannot be told apart
 */
export function locateFields(raw: Buffer): LocatedFields | ProblemCode {
  const dataEnd = raw.length - 1
  const directoryEnd = findDirectoryEnd(raw)
  if (directoryEnd < 0) return 'BASE_ADDRESS_IMPOSSIBLE'
  const base = directoryEnd + 1
  const entries = readDirectory(raw, directoryEnd, base)
  const walked = spansBetweenTerminators(raw, base, dataEnd)

  const located = sliceByDirectory(raw, entries, walked.length) ?? walkTerminators(entries, walked)
  if (located === undefined) return 'DIRECTORY_UNREADABLE'
  const found = [...located.found]
  if (decimal(raw, 12, 5) !== base) found.unshift({ code: 'BASE_ADDRESS_WRONG' })
  const unnamedBytes = dataEnd - base - located.fields.reduce((sum, field) => sum + field.end + 1 - field.start, 0)
  if (unnamedBytes > 0) found.push({ code: 'DATA_UNNAMED', detail: `${unnamedBytes} bytes` })
  return { fields: located.fields, found }
}

/** The terminator before the base address; when there is none, the first one that ends a whole number of entries. */
function findDirectoryEnd(raw: Buffer): number {
  const stated = decimal(raw, 12, 5) - 1
  if (stated >= LEADER_LENGTH && raw[stated] === FIELD_TERMINATOR) return stated
  const first = raw.indexOf(FIELD_TERMINATOR, LEADER_LENGTH)
  return (first - LEADER_LENGTH) % ENTRY_LENGTH === 0 ? first : -1
}

function readDirectory(raw: Buffer, directoryEnd: number, base: number): DirectoryEntry[] {
  const entries: DirectoryEntry[] = []
  for (let at = LEADER_LENGTH; at + ENTRY_LENGTH <= directoryEnd; at += ENTRY_LENGTH) {
    const start = base + decimal(raw, at + 7, 5)
    entries.push({ tag: raw.toString('latin1', at, at + 3), start, end: start + decimal(raw, at + 3, 4) - 1 })
  }
  return entries
}

function spansBetweenTerminators(raw: Buffer, base: number, dataEnd: number): { start: number; end: number }[] {
  const spans: { start: number; end: number }[] = []
  let start = base
  for (;;) {
    const end = raw.indexOf(FIELD_TERMINATOR, start)
    if (end < 0 || end >= dataEnd) return spans
    spans.push({ start, end })
    start = end + 1
  }
}

/**
 * Entries that overlap name bytes twice; they are refused, for a few hundred of them could make gigabytes of one record. A
 * terminator inside a field speaks against the directory, unless the entries cover the data without a gap and there are more
 * terminators than entries: then no other reading is left.
 */
function sliceByDirectory(raw: Buffer, entries: readonly DirectoryEntry[], walkedCount: number): LocatedFields | undefined {
  // NaN fails every comparison, so an entry without numbers ends up here as well
  const endsFit = entries.every(({ start, end }) => end >= start && end < raw.length - 1 && raw[end] === FIELD_TERMINATOR)
  if (!endsFit) return undefined
  const fields = entries.toSorted((a, b) => a.start - b.start)
  if (fields.some(({ start }, at) => start <= (fields[at - 1]?.end ?? -1))) return undefined
  const found: { code: ProblemCode }[] = []
  if (fields.some(({ start, end }) => raw.indexOf(FIELD_TERMINATOR, start) !== end)) {
    const covers = fields.every(({ end }, at) => end + 1 === (fields[at + 1]?.start ?? raw.length - 1))
    if (!covers || walkedCount <= entries.length) return undefined
    found.push({ code: 'TERMINATOR_INSIDE' })
  }
  if (!isAscending(entries)) found.push({ code: 'DIRECTORY_ORDER' })
  return { fields, found }
}

function walkTerminators(
  entries: readonly DirectoryEntry[],
  spans: readonly { start: number; end: number }[]
): LocatedFields | undefined {
  if (spans.length < entries.length) return undefined
  const fields = inDataOrder(entries, spans).map(({ tag }, at) => ({
    tag,
    start: spans[at]?.start ?? 0,
    end: spans[at]?.end ?? 0
  }))
  return { fields, found: [{ code: 'DIRECTORY_MISFIT' }] }
}

/**
 * Entries in the order of the fields they name. Where the directory is in another order than the data, an entry that points to
 * the beginning of a field names that one; the others take what is left, in directory order.
 */
function inDataOrder(entries: readonly DirectoryEntry[], spans: readonly { start: number }[]): readonly DirectoryEntry[] {
  if (isAscending(entries) || spans.length !== entries.length) return entries
  const starts = new Set(spans.map(({ start }) => start))
  const named = new Map(entries.filter(({ start }) => starts.has(start)).map((entry) => [entry.start, entry]))
  const others = entries.filter((entry) => named.get(entry.start) !== entry).values()
  return spans.flatMap(({ start }) => named.get(start) ?? others.next().value ?? [])
}

function isAscending(entries: readonly DirectoryEntry[]): boolean {
  return entries.every((entry, at) => at === 0 || entry.start >= (entries[at - 1]?.start ?? 0))
}

function decimal(raw: Buffer, from: number, count: number): number {
  let value = 0
  for (let at = from; at < from + count; at++) {
    const digit = (raw[at] ?? 0) - 0x30
    if (digit < 0 || digit > 9) return NaN
    value = value * 10 + digit
  }
  return value
}
