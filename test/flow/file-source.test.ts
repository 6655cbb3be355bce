import { randomUUID } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { FileSource, Operation } from '@marc-migrations/domain'
import { fileSource } from '@marc-migrations/flow'
import { readIso2709, readJsonLines, readSourceLines } from '@marc-migrations/marc'
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
  format: FileSource['format'],
  text: string | Buffer
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
    publishEvents: true,
    waitingFor: null,
    createdAt: new Date(0),
    startTimeMapping: null,
    endTimeMapping: null,
    startTimeSaving: null,
    endTimeSaving: null
  }
}

function xmlRecord(id: string): string {
  return `<record><leader>00000nz  a2200000n  4500</leader><controlfield tag="001">${id}</controlfield></record>`
}

function fileOf(format: FileSource['format'], ids: readonly string[]): string | Buffer {
  if (format === 'jsonl') return ids.map(jsonRecord).join('')
  if (format === 'marcxml')
    return `<collection xmlns="http://www.loc.gov/MARC21/slim">${ids.map(xmlRecord).join('')}</collection>`
  const iso = ids.map(isoRecord).join('')
  return format === 'gzip' ? gzipSync(iso) : iso
}

async function underTest(format: FileSource['format'], records: number): Promise<SourceUnderTest> {
  const recordIds = Array.from({ length: records }, (_, i) => `id${i}`)
  const { store, operation } = await sourceOf(format, fileOf(format, recordIds))
  const source = fileSource(store, randomUUID, 'sub')
  return {
    source,
    operation,
    recordIds,
    readIds: async (chunk) => {
      const read = await source.read(claimOf(operation, chunk), never)
      if (read.kind !== 'file') throw new Error('a file source gives file records')
      const place = { firstIndex: read.firstRecordIndex, firstOffset: read.firstOffset }
      const readings =
        read.format === 'readings'
          ? readSourceLines(read.bytes)
          : read.format === 'jsonl'
            ? readJsonLines(read.bytes, place)
            : readIso2709(read.bytes, place)
      return [...readings].map((reading) => (reading.ok ? (reading.controlNumber ?? '') : 'unreadable'))
    }
  }
}

recordSourceContract('ISO 2709 file', (records) => underTest('iso2709', records))
recordSourceContract('file of JSON lines', (records) => underTest('jsonl', records))
recordSourceContract('MARCXML, split into objects', (records) => underTest('marcxml', records))
recordSourceContract('gzip, split into objects', (records) => underTest('gzip', records))

describe('a file source', () => {
  test('keeps the place and the problem of a record that cannot be read, in a file that cannot be ranged', async () => {
    const damaged = isoRecord('b').replace('4500', '45')
    const { store, operation } = await sourceOf('gzip', gzipSync(isoRecord('a') + damaged + isoRecord('c')))
    const source = fileSource(store, randomUUID, 'sub')
    const [page] = await pages(source, operation, whole())
    const chunk = page?.chunks[0]
    if (chunk === undefined) throw new Error('no chunk')
    const read = await source.read(claimOf(operation, chunk), never)
    const readings = read.kind === 'file' ? [...readSourceLines(read.bytes)] : []
    expect(readings.map(({ ok, index }) => [ok, index])).toEqual([
      [true, 0],
      [false, 1],
      [true, 2]
    ])
    expect(readings[1]).toMatchObject({ offset: isoRecord('a').length, problem: { severity: 'error' } })
  })

  test('a split taken up again writes over what the first one left, and nothing beside it', async () => {
    const { store, operation } = await sourceOf('gzip', fileOf('gzip', ['a', 'b', 'c']))
    const source = fileSource(store, randomUUID, 'sub')
    const [first, again] = [await pages(source, operation, whole()), await pages(source, operation, whole())]
    expect(again).toEqual(first)
  })

  test('stops with SOURCE_CHANGED when the object is another than at the start', async () => {
    const { store, operation } = await sourceOf('iso2709', isoRecord('a') + isoRecord('b'))
    const source = fileSource(store, randomUUID, 'sub')
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
    const read = await pages(fileSource(store, randomUUID, 'sub'), operation, whole(), large)
    const chunks = read.flatMap((page) => page.chunks)
    expect(chunks.reduce((sum, chunk) => sum + chunk.recordCount, 0)).toBe(250)
    for (const { window } of chunks)
      expect(window.kind === 'bytes' ? window.length : Infinity).toBeLessThan(8.2 * 1024 * 1024)
    expect(chunks.length).toBeGreaterThan(2)
  })
})

const large = { recordsPerChunk: 500, idsPerFetch: 500, chunksPerPage: 4 }
