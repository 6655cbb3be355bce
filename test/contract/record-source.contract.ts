import type { Claim, NewChunk, Operation, RecordSource, SplitPage, SplitRange, SplitSizes } from '@marc-migrations/domain'
import { describe, expect, test } from 'vitest'

/** A source with records in it, and how to tell them apart. */
export interface SourceUnderTest {
  readonly source: RecordSource
  readonly operation: Operation
  /** Ids of all records in source order. */
  readonly recordIds: readonly string[]
  /** Ids of the records a chunk holds, read through the port. */
  readonly readIds: (chunk: NewChunk) => Promise<readonly string[]>
}

const smallSizes = { recordsPerChunk: 10, idsPerFetch: 30, chunksPerPage: 4 }
const never = new AbortController().signal

/** What every record source promises the splitter and the workers, whatever it reads from. */
export function recordSourceContract(name: string, make: (records: number) => Promise<SourceUnderTest>): void {
  describe(`record source: ${name}`, () => {
    test('every record is in exactly one chunk, in source order', async () => {
      const { source, operation, recordIds, readIds } = await make(137)
      const chunks = (await pages(source, operation, whole())).flatMap((page) => page.chunks)

      const read = await Promise.all(chunks.map(readIds))
      expect(read.flat()).toEqual(recordIds)
      expect(chunks.map((chunk) => chunk.recordCount)).toEqual(read.map((ids) => ids.length))
      expect(chunks.map((chunk) => chunk.position)).toEqual(chunks.map((_, i) => i))
    })

    test('the last page, and only the last, says it is done', async () => {
      const { source, operation } = await make(137)
      const all = await pages(source, operation, whole())
      expect(all.map((page) => page.done)).toEqual(all.map((_, i) => i === all.length - 1))
      expect(all.length).toBeGreaterThan(1)
    })

    test('a split taken up at any cursor goes on where the page before it ended', async () => {
      const { source, operation, recordIds, readIds } = await make(137)
      const all = await pages(source, operation, whole())
      let before: NewChunk[] = []
      for (const page of all.slice(0, -1)) {
        before = [...before, ...page.chunks]
        const rest = await pages(source, operation, { ...whole(), cursor: page.cursor, firstPosition: before.length })
        const chunks = [...before, ...rest.flatMap((next) => next.chunks)]
        expect((await Promise.all(chunks.map(readIds))).flat()).toEqual(recordIds)
        expect(chunks.map((chunk) => chunk.position)).toEqual(chunks.map((_, i) => i))
      }
    })

    test('what lies behind a cursor can be divided without losing or doubling a record', async () => {
      const { source, operation, recordIds, readIds } = await make(137)
      const [first] = await pages(source, operation, whole())
      if (first === undefined) throw new Error('no first page')
      const parts = await source.divide(operation, { ...whole(), cursor: first.cursor }, 3)
      if (parts.length === 0) return // this source is read in one go

      const rest: NewChunk[] = []
      for (const part of parts) {
        const range = { ...whole(), from: part.from, to: part.to, cursor: part.from }
        rest.push(...(await pages(source, operation, range)).flatMap((page) => page.chunks))
      }
      expect((await Promise.all([...first.chunks, ...rest].map(readIds))).flat()).toEqual(recordIds)
    })

    test('an empty source is one page without chunks', async () => {
      const { source, operation } = await make(0)
      const all = await pages(source, operation, whole())
      expect(all.map(({ chunks, done }) => ({ chunks: chunks.length, done }))).toEqual([{ chunks: 0, done: true }])
    })
  })
}

/** All pages of a split from a range's cursor on. */
export async function pages(
  source: RecordSource,
  operation: Operation,
  range: SplitRange,
  sizes: SplitSizes = smallSizes
): Promise<SplitPage[]> {
  const read: SplitPage[] = []
  for await (const page of source.split(operation, range, sizes, never)) read.push(page)
  return read
}

/** The range a split begins with. */
export function whole(): SplitRange {
  return { id: 'range', operationId: 'operation', from: null, to: null, cursor: null, firstPosition: 0, epoch: 1 }
}

/** A claim on a chunk that a test cut itself. */
export function claimOf(operation: Operation, chunk: NewChunk): Claim {
  return {
    tenant: operation.tenant,
    operationId: operation.id,
    chunkId: chunk.id,
    stepId: chunk.id,
    stage: 'DATA_MAPPING',
    epoch: 1,
    attempts: 0,
    position: chunk.position,
    recordCount: chunk.recordCount,
    window: chunk.window,
    rulesHash: 'none',
    entityType: operation.entityType,
    operationType: operation.operationType,
    source: operation.source,
    saving: null
  }
}
