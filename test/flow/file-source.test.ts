import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FileFormat, Operation } from '@marc-migrations/domain'
import { fileSource } from '@marc-migrations/flow'
import { readIso2709, readJsonLines } from '@marc-migrations/marc'
import { directoryStore } from '@marc-migrations/objects'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { claimOf, pages, recordSourceContract, whole } from '../contract/record-source.contract.ts'
import type { SourceUnderTest } from '../contract/record-source.contract.ts'
import { silentLogger } from '../support/silent-logger.ts'

let dir: string
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'file-source-'))
})
afterAll(() => rm(dir, { recursive: true }))

const never = new AbortController().signal

/** A record of ISO 2709 with nothing but its number. */
function isoRecord(id: string): string {
  const length = (n: number, digits: number): string => String(n).padStart(digits, '0')
  const base = 24 + 12 + 1
  const total = base + id.length + 1 + 1
  return `${length(total, 5)}nz  a22${length(base, 5)}n  4500001${length(id.length + 1, 4)}00000\x1e${id}\x1e\x1d`
}

function jsonRecord(id: string): string {
  return `{"leader":"00000nz  a2200000n  4500","fields":[{"001":"${id}"}]}\n`
}

async function sourceOf(
  format: FileFormat,
  text: string
): Promise<{ store: ReturnType<typeof directoryStore>; operation: Operation }> {
  const store = directoryStore({ dir, logger: silentLogger })
  const info = await store.put(`sub/source/diku/file/${randomUUID()}`, Buffer.from(text))
  const source = { name: 'file', format, objectKey: info.key, etag: info.etag, lengthBytes: info.lengthBytes }
  return { store, operation: anImport(source) }
}

function anImport(source: Operation['source']): Operation {
  return {
    id: randomUUID(),
    tenant: 'diku',
    userId: randomUUID(),
    entityType: 'authority',
    operationType: 'import',
    status: 'NEW',
    control: 'run',
    stopReason: null,
    totalRecords: 0,
    mappedRecords: 0,
    rejectedRecords: 0,
    savedRecords: 0,
    driftRecords: 0,
    chunkingSealed: false,
    rulesHash: null,
    source,
    createdAt: new Date(0),
    startTimeMapping: null,
    endTimeMapping: null,
    startTimeSaving: null,
    endTimeSaving: null
  }
}

async function underTest(format: FileFormat, records: number): Promise<SourceUnderTest> {
  const recordIds = Array.from({ length: records }, (_, i) => `id${i}`)
  const { store, operation } = await sourceOf(format, recordIds.map(format === 'jsonl' ? jsonRecord : isoRecord).join(''))
  const source = fileSource(store, randomUUID)
  return {
    source,
    operation,
    recordIds,
    readIds: async (chunk) => {
      const read = await source.read(claimOf(operation, chunk), never)
      if (read.kind !== 'file') throw new Error('a file source gives file records')
      const place = { firstIndex: read.firstRecordIndex, firstOffset: read.firstOffset }
      const readings = read.format === 'jsonl' ? readJsonLines(read.bytes, place) : readIso2709(read.bytes, place)
      return [...readings].map((reading) => (reading.ok ? (reading.controlNumber ?? '') : 'unreadable'))
    }
  }
}

recordSourceContract('ISO 2709 file', (records) => underTest('iso2709', records))
recordSourceContract('file of JSON lines', (records) => underTest('jsonl', records))

describe('a file source', () => {
  test('stops with SOURCE_CHANGED when the object is another than at the start', async () => {
    const { store, operation } = await sourceOf('iso2709', isoRecord('a') + isoRecord('b'))
    const source = fileSource(store, randomUUID)
    const [page] = await pages(source, operation, whole())
    const chunk = page?.chunks[0]
    if (chunk === undefined || operation.source === null) throw new Error('no chunk')
    await store.put(operation.source.objectKey, Buffer.from(isoRecord('c') + isoRecord('d')))

    await expect(source.read(claimOf(operation, chunk), never)).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
    await expect(pages(source, operation, whole())).rejects.toMatchObject({
      code: 'SOURCE_CHANGED'
    })
  })

  test('ends a chunk early when its records are large, so that a slot never holds 500 records of 99,999 bytes', async () => {
    const long = 'x'.repeat(90_000)
    const { store, operation } = await sourceOf(
      'jsonl',
      Array.from({ length: 250 }, (_, i) => jsonRecord(`${i}${long}`)).join('')
    )
    const read = await pages(fileSource(store, randomUUID), operation, whole(), large)
    const chunks = read.flatMap((page) => page.chunks)
    expect(chunks.reduce((sum, chunk) => sum + chunk.recordCount, 0)).toBe(250)
    for (const { window } of chunks)
      expect(window.kind === 'bytes' ? window.length : Infinity).toBeLessThan(8.2 * 1024 * 1024)
    expect(chunks.length).toBeGreaterThan(2)
  })
})

const large = { recordsPerChunk: 500, idsPerFetch: 500, chunksPerPage: 4 }
