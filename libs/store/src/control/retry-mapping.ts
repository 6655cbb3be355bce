import type { ControlAnswer, StageHeaders } from '@marc-migrations/domain'
import { armStage } from '../armed/arm-stage.ts'
import { keepHeaders } from '../armed/stage-headers.ts'
import type { Transaction } from '../database/database.ts'
import { perSchema } from '../database/per-schema.ts'
import { lockOperation } from '../operations/lock-operation.ts'
import type { StoreContext } from '../store-context.ts'
import { fenceChunks } from './fence-chunks.ts'
import { resetReport } from './reset-report.ts'
import { releaseSaveLock } from './save-lock.ts'

/** Ids that belong to another operation are not found; without ids: what failed, and what is open and with no worker. */
const RELIST_CHUNKS = perSchema(
  (s) => `
  with listed as (
    select c.id, c.mapped_share, c.rejected_share
      from ${s}.operation_chunk c
     where c.operation_id = $1
       and case when $2::uuid[] is not null then c.id = any ($2)
                else c.rejected_share > 0 or c.status = 'DATA_MAPPING_FAILED'
                  or c.next_attempt_at is not null and (c.lease_until is null or c.lease_until < clock_timestamp())
           end
       for no key update
  ), relisted as (
    update ${s}.operation_chunk c
       set epoch = c.epoch + 1, lease_owner = null, lease_until = null, mapped_share = 0, rejected_share = 0,
           status = 'DATA_MAPPING', stage = 'DATA_MAPPING', prior = null, attempts = 0, publish_steps = 0,
           next_attempt_at = clock_timestamp(), published_at = null,
           step_id = (
             select t.id from ${s}.operation_chunk_step t
              where t.operation_chunk_id = c.id and t.operation_step = 'DATA_MAPPING'
              order by t.step_start_time desc limit 1
           )
      from listed
     where c.id = listed.id
  )
  select coalesce(sum(mapped_share), 0)::int as mapped, coalesce(sum(rejected_share), 0)::int as rejected from listed`
)

/** Published under the rules of the run before and not yet taken: they wait for the new ones. */
const UNPUBLISH_UNTAKEN = perSchema(
  (s) => `
  update ${s}.operation_chunk set published_at = null
   where operation_id = $1 and stage = 'DATA_MAPPING' and next_attempt_at is not null and published_at is not null
     and (lease_until is null or lease_until < clock_timestamp())`
)

/** The listed chunks' counts go once, here; no hash: every retry freezes anew. Records mended before it are what it reads. */
const MAP_AGAIN = perSchema(
  (s) => `
  update ${s}.operation
     set status = 'DATA_MAPPING', control = 'run', stop_reason = null, rules_hash = null,
         mapped_num_of_records = mapped_num_of_records - $2, rejected_num_of_records = rejected_num_of_records - $3,
         start_time_mapping = coalesce(start_time_mapping, clock_timestamp() at time zone 'utc'), end_time_mapping = null,
         source_lsn = case when $4 then pg_current_wal_insert_lsn() end
   where id = $1`
)

export async function retryMapping(
  { db, tenants, secrets, replica }: StoreContext,
  tenant: string,
  id: string,
  chunkIds: readonly string[] | null,
  headers?: StageHeaders
): Promise<ControlAnswer> {
  await tenants.require(tenant)
  return await db.transaction(async (on) => {
    const before = await lockOperation(on, tenant, id)
    if (before === null) return { outcome: 'unknown' }
    // Chunks to be saved leave the list, claimed or not: their operation is mapped again.
    const fencedUntil = await fenceChunks(on, tenant, id, { stage: 'DATA_SAVING', stayOpen: false })
    const shares = await relist(on, tenant, id, chunkIds)
    await on.run(UNPUBLISH_UNTAKEN(tenant), [id])
    await on.run(MAP_AGAIN(tenant), [id, shares.mapped, shares.rejected, replica !== undefined])
    await resetReport(on, tenant, id)
    await armStage(on, tenant, id, 'DATA_MAPPING')
    if (headers !== undefined) await keepHeaders(secrets, on, tenant, id, headers)
    await releaseSaveLock(on, tenant, id, fencedUntil)
    return { outcome: 'done', before }
  })
}

async function relist(
  on: Transaction,
  tenant: string,
  id: string,
  chunkIds: readonly string[] | null
): Promise<{ mapped: number; rejected: number }> {
  const [shares] = await on.rows<{ mapped: number; rejected: number }>(RELIST_CHUNKS(tenant), [id, chunkIds])
  return shares ?? { mapped: 0, rejected: 0 }
}
