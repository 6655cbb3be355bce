import { createHash } from 'node:crypto'
import type { AuditChunk, ChunkWindow, FileSource, ObjectStore, Operation } from '@marc-migrations/domain'
import { fileRecordId } from '@marc-migrations/mapping'
import { readIso2709, readJsonLines, readSourceLines } from '@marc-migrations/marc'
import type { Reading, RecordReading } from '@marc-migrations/marc'
import type { ChunkFiles } from './check-chunk.ts'
import type { Finding } from './finding.ts'

/**
 * Reads a chunk's window of the source file once more, and proves that every record in it stands in exactly one of the
 * chunk's files, in the order of the source (I1): what is not rejected by its index must be the next mapped id.
 */
export async function checkSource(
  operation: Operation,
  chunk: AuditChunk,
  files: ChunkFiles,
  objects: ObjectStore
): Promise<readonly Finding[]> {
  const { source } = operation
  if (source === null || chunk.window.kind === 'ids') return []
  const { readings, bytesOf } = await readWindow(source, chunk.window, objects)
  const rejected = new Set(files.rejected.map((line) => line['index']))
  const expected = readings
    .filter((reading) => !rejected.has(reading.index))
    .map((reading) => (reading.ok ? idOf(reading) : 'unreadable'))

  const findings: Finding[] = []
  if (readings.length !== chunk.recordCount)
    findings.push(lost(`${readings.length} records in the source, ${chunk.recordCount} counted`))
  if (!readings.every((reading) => reading.ok || rejected.has(reading.index)))
    findings.push(lost('an unreadable record is not rejected'))
  if (digest(expected) !== digest(files.entityIds))
    findings.push(lost('its mapped records are not those of the source, once each and in order'))
  return findings

  function idOf(reading: RecordReading): string {
    const { controlNumber, controlNumberIdentifier } = reading
    const { tenant, entityType } = operation
    const sourceName = source?.name ?? ''
    return fileRecordId({ tenant, entityType, sourceName, controlNumber, controlNumberIdentifier, bytes: bytesOf(reading) })
  }

  function lost(message: string): Finding {
    return { severity: 'broken', invariant: 'I1', message, chunkId: chunk.id }
  }
}

/** The chunk's records as the source holds them now: a window of the file, or the object the splitter made of it. */
async function readWindow(
  source: FileSource,
  window: Exclude<ChunkWindow, { kind: 'ids' }>,
  objects: ObjectStore
): Promise<{ readings: readonly Reading[]; bytesOf: (reading: RecordReading) => Uint8Array }> {
  if (window.kind === 'object') {
    const readings = [...readSourceLines(await collect(objects.read(window.objectKey)))]
    return { readings, bytesOf: ({ marc }) => Buffer.from(marc) }
  }
  const { offset, length, firstRecordIndex: firstIndex } = window
  const bytes = await collect(objects.read(source.objectKey, { range: { offset, length }, ifMatch: source.etag }))
  const place = { firstIndex, firstOffset: offset }
  return {
    readings: [...(source.format === 'jsonl' ? readJsonLines(bytes, place) : readIso2709(bytes, place))],
    bytesOf: (reading) => bytes.subarray(reading.offset - offset, reading.offset - offset + reading.length)
  }
}

function digest(ids: readonly string[]): string {
  return createHash('sha256').update(ids.join('\n')).digest('hex')
}

async function collect(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all)
}
