import { createHash } from 'node:crypto'
import type { AuditChunk, ObjectStore, Operation } from '@marc-migrations/domain'
import { fileRecordId } from '@marc-migrations/mapping'
import { readIso2709, readJsonLines } from '@marc-migrations/marc'
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
  const { window } = chunk
  if (source === null || window.kind !== 'bytes') return []
  const { offset: windowOffset } = window
  const bytes = await collect(
    objects.read(source.objectKey, { range: { offset: window.offset, length: window.length }, ifMatch: source.etag })
  )
  const place = { firstIndex: window.firstRecordIndex, firstOffset: window.offset }
  const readings = [...(source.format === 'jsonl' ? readJsonLines(bytes, place) : readIso2709(bytes, place))]
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

  function idOf(reading: Extract<(typeof readings)[number], { ok: true }>): string {
    const from = reading.offset - windowOffset
    return fileRecordId({
      tenant: operation.tenant,
      entityType: operation.entityType,
      sourceName: source?.name ?? '',
      controlNumber: reading.controlNumber,
      controlNumberIdentifier: reading.controlNumberIdentifier,
      bytes: bytes.subarray(from, from + reading.length)
    })
  }

  function lost(message: string): Finding {
    return { severity: 'broken', invariant: 'I1', message, chunkId: chunk.id }
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
