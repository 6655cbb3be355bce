import { MigrationError } from '@marc-migrations/domain'
import type {
  ChunkRecords,
  Claim,
  NewChunk,
  NewId,
  Operation,
  RecordSource,
  SplitPage,
  SplitRange,
  SplitSizes
} from '@marc-migrations/domain'
import type { StoreContext } from '../store-context.ts'
import { createViews } from './create-views.ts'
import { divideIds } from './divide-ids.ts'
import { readWindow } from './read-window.ts'
import { readCount, readLastId, readNextIds } from './record-ids.ts'

/** The first page is small, so that workers have something to do while millions of ids are still being read. */
const FIRST_PAGE_CHUNKS = 8

/**
 * FOLIO's source record storage, read through the views of the tenant's schema.
 *
 * Chunks are cut as FOLIO cuts them: pages of ids by keyset, each page into runs of RECORDS_CHUNK_SIZE, the last run of a page
 * may be short.
 */
export function srsSource(context: StoreContext, newId: NewId): RecordSource {
  const { db } = context
  const ready = viewsOnce(context)
  return {
    count: async ({ tenant, entityType }) => {
      await ready(tenant)
      return await readCount(db, tenant, entityType)
    },
    divide: async ({ tenant, entityType }, range, parts) => {
      const last = await readLastId(db, tenant, entityType)
      return range.cursor === null || last === null ? [] : divideIds(range.cursor, last, parts)
    },
    split: async function* (operation, range, sizes, signal) {
      await ready(operation.tenant)
      yield* splitIds(context, newId, operation, range, sizes, signal)
    },
    read: (claim) => readRows(context, claim)
  }
}

/** Views are made when the tenant is enabled; where the storage modules came later, at their first use. */
function viewsOnce(context: StoreContext): (tenant: string) => Promise<void> {
  const made = new Set<string>()
  return async (tenant) => {
    if (made.has(tenant)) return
    await context.tenants.require(tenant)
    const missing = await createViews(context, tenant)
    if (missing.length > 0) {
      const hint = 'enable these modules for the tenant first, or import a file'
      throw new MigrationError('SOURCE_UNREADABLE', { tenant, missing: missing.join(', '), hint })
    }
    made.add(tenant)
  }
}

async function* splitIds(
  { db }: StoreContext,
  newId: NewId,
  { tenant, entityType }: Operation,
  range: SplitRange,
  sizes: SplitSizes,
  signal: AbortSignal
): AsyncIterable<SplitPage> {
  let cursor = range.cursor ?? range.from
  let position = range.firstPosition
  let pageChunks = Math.min(FIRST_PAGE_CHUNKS, sizes.chunksPerPage)
  let chunks: NewChunk[] = []
  for (;;) {
    const ids = await readNextIds(db, tenant, entityType, { after: cursor, upTo: range.to }, sizes.idsPerFetch)
    for (const run of runs(ids, sizes.recordsPerChunk)) chunks.push({ id: newId(), position: position++, ...run })
    cursor = ids.at(-1) ?? cursor
    const done = ids.length < sizes.idsPerFetch
    if (done || chunks.length >= pageChunks || signal.aborted) {
      yield {
        chunks,
        cursor: cursor ?? '',
        recordCount: chunks.reduce((sum, { recordCount }) => sum + recordCount, 0),
        done
      }
      chunks = []
      pageChunks = Math.min(pageChunks * 4, sizes.chunksPerPage)
    }
    if (done) return
  }
}

function* runs(ids: readonly string[], size: number): Iterable<Pick<NewChunk, 'recordCount' | 'window'>> {
  for (let i = 0; i < ids.length; i += size) {
    const run = ids.slice(i, i + size)
    const [startRecordId, endRecordId] = [run[0], run.at(-1)]
    if (startRecordId === undefined || endRecordId === undefined) return
    yield { recordCount: run.length, window: { kind: 'ids', startRecordId, endRecordId } }
  }
}

async function readRows(context: StoreContext, claim: Claim): Promise<ChunkRecords> {
  const { window } = claim
  if (window.kind !== 'ids') {
    throw new MigrationError('INVARIANT_BROKEN', { what: 'a chunk of stored records has no ids', chunkId: claim.chunkId })
  }
  return { kind: 'rows', rows: await readWindow(context, claim, window.startRecordId, window.endRecordId) }
}
