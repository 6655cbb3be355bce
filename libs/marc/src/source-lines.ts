import type { Reading, RecordReading } from './reading.ts'

/** Facts that stand before the record of a line: index, offset, length, 001, 003, encoding; an unreadable record has its problem instead. */
type Facts = readonly [
  index: number,
  offset: number,
  length: number,
  controlNumber?: string | null,
  controlNumberIdentifier?: string | null,
  encoding?: RecordReading['encoding']
]

/**
 * One reading as one line of a chunk's source object: its facts as a JSON array, a tab, the record as MARC-in-JSON text, or
 * `!` and the problem. A record's JSON holds no raw tab and no line break, so the first tab divides them.
 */
export function sourceLine(reading: Reading): string {
  const { index, offset, length } = reading
  if (!reading.ok) return `${JSON.stringify([index, offset, length])}\t!${JSON.stringify(reading.problem)}\n`
  const facts = [
    index,
    offset,
    length,
    reading.controlNumber ?? null,
    reading.controlNumberIdentifier ?? null,
    reading.encoding
  ]
  return `${JSON.stringify(facts)}\t${reading.marc}\n`
}

/** The readings of a chunk's source object, as the splitter wrote them. */
export function* readSourceLines(bytes: Uint8Array): Iterable<Reading> {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  for (let from = 0; from < text.length;) {
    const end = text.indexOf('\n', from)
    yield readingOf(text.slice(from, end))
    from = end + 1
  }
}

function readingOf(line: string): Reading {
  const tab = line.indexOf('\t')
  const [index, offset, length, controlNumber, controlNumberIdentifier, encoding] = JSON.parse(line.slice(0, tab)) as Facts
  const record = line.slice(tab + 1)
  if (record.startsWith('!')) {
    const problem = JSON.parse(record.slice(1)) as Extract<Reading, { ok: false }>['problem']
    return { ok: false, index, offset, length, problem }
  }
  return {
    ok: true,
    index,
    offset,
    length,
    marc: record,
    controlNumber: controlNumber ?? undefined,
    controlNumberIdentifier: controlNumberIdentifier ?? undefined,
    encoding: encoding ?? 'utf8',
    problems: []
  }
}
