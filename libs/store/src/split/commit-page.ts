import type { NewChunk, Operation, PageAnswer, SplitRange } from '@marc-migrations/domain'
import type { Transaction } from '../database/database.ts'
import { perSchema } from '../database/per-schema.ts'
import { lockOperation } from '../operations/lock-operation.ts'
import type { StoreContext } from '../store-context.ts'
import { sealOperation } from './seal-operation.ts'

/** Nobody's row when another coordinator has the range: then nothing of the page may be written. */
const MOVE_CURSOR = perSchema(
  (s) => `
  update ${s}.split_range
     set cursor = $3, done = $4, next_position = next_position + $5::int,
         lease_owner = case when $4 then null else lease_owner end,
         lease_until = case when $4 then null else clock_timestamp() + $6::int * interval '1 ms' end
   where id = $1 and epoch = $2 and not done
  returning next_position - $5::int as first_position`
)

const INSERT_CHUNKS = perSchema(
  (s) => `
  insert into ${s}.operation_chunk
    (id, operation_id, position, num_of_records, start_record_id, end_record_id, source_chunk_file_name, source_offset,
     source_length, first_record_index, status, stage, next_attempt_at)
  select p.id, $1, $2::bigint + p.place - 1, p.records, p.start_id, p.end_id, p.object_key, p.byte_offset,
         p.byte_length, p.first_index, 'NEW', 'DATA_MAPPING', clock_timestamp()
    from unnest($3::uuid[], $4::int[], $5::uuid[], $6::uuid[], $7::text[], $8::bigint[], $9::bigint[], $10::bigint[])
         with ordinality as p (id, records, start_id, end_id, object_key, byte_offset, byte_length, first_index, place)`
)

/**
 * What the page has seen stands in the log before this position, also where commits do not wait for the disk. Asked for only
 * where a replica is read: not every managed server gives an answer. A page of who reads none takes the position away.
 */
const BEGIN_MAPPING = perSchema(
  (s) => `
  update ${s}.operation
     set status = 'DATA_MAPPING', start_time_mapping = coalesce(start_time_mapping, clock_timestamp() at time zone 'utc'),
         source_lsn = case when $2 then pg_current_wal_insert_lsn() end
   where id = $1 and (status = 'NEW' or $2 or source_lsn is not null)`
)

export interface Page {
  readonly chunks: readonly NewChunk[]
  readonly cursor: string
  readonly done: boolean
}

/**
 * One page in one transaction: operation locked and tested, then the range by its epoch, then the rows, then the seal.
 * Positions are the row's own count, so that no chunk can take another's place.
 */
export async function commitPage(
  { db, tenants, replica }: StoreContext,
  tenant: string,
  range: SplitRange,
  page: Page,
  leaseMs: number
): Promise<PageAnswer> {
  await tenants.require(tenant)
  return await db.transaction(async (on) => {
    if (!maySplit(await lockOperation(on, tenant, range.operationId))) return { outcome: 'fenced' }
    const [moved] = await on.rows<{ first_position: string }>(MOVE_CURSOR(tenant), [
      range.id,
      range.epoch,
      page.cursor,
      page.done,
      page.chunks.length,
      Math.round(leaseMs)
    ])
    if (moved === undefined) return { outcome: 'fenced' }
    if (page.chunks.length > 0) await insertChunks(on, tenant, range.operationId, moved.first_position, page.chunks)
    await on.run(BEGIN_MAPPING(tenant), [range.operationId, replica !== undefined])
    return { outcome: 'committed', sealed: page.done && (await sealOperation(on, tenant, range.operationId)) }
  })
}

/** A paused operation may go on splitting: nothing of it is published. */
export function maySplit(operation: Operation | null): boolean {
  if (operation === null || operation.control === 'cancel') return false
  return operation.status === 'NEW' || operation.status === 'DATA_MAPPING'
}

async function insertChunks(
  on: Transaction,
  tenant: string,
  operationId: string,
  firstPosition: string,
  chunks: readonly NewChunk[]
): Promise<void> {
  const windows = chunks.map(({ window }) => window)
  await on.run(INSERT_CHUNKS(tenant), [
    operationId,
    firstPosition,
    chunks.map(({ id }) => id),
    chunks.map(({ recordCount }) => recordCount),
    windows.map((w) => (w.kind === 'ids' ? w.startRecordId : null)),
    windows.map((w) => (w.kind === 'ids' ? w.endRecordId : null)),
    windows.map((w) => (w.kind === 'object' ? w.objectKey : null)),
    windows.map((w) => (w.kind === 'bytes' ? w.offset : null)),
    windows.map((w) => (w.kind === 'bytes' ? w.length : null)),
    windows.map((w) => (w.kind === 'ids' ? null : w.firstRecordIndex))
  ])
}
