import type { ControlAnswer, Operation, SavingOptions } from '@marc-migrations/domain'
import { armStage } from '../armed/arm-stage.ts'
import { keepHeaders } from '../armed/stage-headers.ts'
import type { Transaction } from '../database/database.ts'
import { perSchema } from '../database/per-schema.ts'
import { lockOperation } from '../operations/lock-operation.ts'
import type { StoreContext } from '../store-context.ts'
import { resetReport } from './reset-report.ts'
import { takeSaveLock } from './save-lock.ts'

/**
 * Without ids: what is not saved. A first saving gets a step of its own, a repeated one goes on in the chunk's last.
 *
 * The epoch grows only where someone holds a lease: nobody else can count, since the status is not that of a claimed chunk,
 * and an epoch without an attempt would later look like a loser with objects to be deleted.
 */
const ENLIST_CHUNKS = perSchema(
  (s) => `
  with listed as (
    select c.id, c.saved_share
      from ${s}.operation_chunk c
     where c.operation_id = $1
       and case when $2::uuid[] is not null then c.id = any ($2) else c.status <> 'DATA_SAVING_COMPLETED' end
       for no key update
  ), enlisted as (
    update ${s}.operation_chunk c
       set epoch = c.epoch + (c.lease_owner is not null)::int, lease_owner = null, lease_until = null, saved_share = 0,
           status = 'DATA_MAPPING_COMPLETED', stage = 'DATA_SAVING', prior = null, attempts = 0, publish_steps = 0,
           next_attempt_at = clock_timestamp(), published_at = null,
           step_id = case when $3 then last.id end,
           -- After a saving that failed in part only what it names is sent again.
           retry_reasons_name = case when $3 and c.status = 'DATA_SAVING_FAILED' and last.num_of_errors > 0
                                then last.error_chunk_file_name end
      from listed
      left join lateral (
        select t.id, t.num_of_errors, t.error_chunk_file_name
          from ${s}.operation_chunk_step t
         where t.operation_chunk_id = listed.id and t.operation_step = 'DATA_SAVING'
         order by t.step_start_time desc limit 1
      ) last on true
     where c.id = listed.id
  )
  select coalesce(sum(saved_share), 0)::int as saved from listed`
)

/** The listed chunks' shares go once, here; `saved` falls nowhere else. */
const SAVE_AGAIN = perSchema(
  (s) => `
  update ${s}.operation
     set status = 'DATA_SAVING', control = 'run', stop_reason = null, silent_since = null,
         saved_num_of_records = saved_num_of_records - $2, start_time_saving = clock_timestamp() at time zone 'utc',
         publish_events = case when $3 then $4::boolean else coalesce(publish_events, true) end
   where id = $1`
)

const OPEN_CHUNKS = perSchema(
  (s) => `select exists (select 1 from ${s}.operation_chunk where operation_id = $1 and next_attempt_at is not null) as open`
)

/**
 * Allowed once everything is mapped, or after a saving that failed; with `allowRejected` also when the mapping came to its end and
 * rejected records. Who does not get the save lock waits for it armed.
 */
export async function startSaving(
  { db, tenants, secrets }: StoreContext,
  tenant: string,
  id: string,
  chunkIds: readonly string[] | null,
  { headers, publishEvents, allowRejected = false }: SavingOptions = {}
): Promise<ControlAnswer> {
  await tenants.require(tenant)
  return await db.transaction(async (on) => {
    const before = await lockOperation(on, tenant, id)
    if (before === null) return { outcome: 'unknown' }
    const again = before.status === 'DATA_SAVING_FAILED'
    const allowed =
      again || before.status === 'DATA_MAPPING_COMPLETED' || (allowRejected && (await isMappedToItsEnd(on, before)))
    if (!allowed) return { outcome: 'forbidden', before }
    const [shares] = await on.rows<{ saved: number }>(ENLIST_CHUNKS(tenant), [id, chunkIds, again || chunkIds !== null])
    await on.run(SAVE_AGAIN(tenant), [id, shares?.saved ?? 0, publishEvents !== undefined, publishEvents ?? null])
    if (again || chunkIds !== null) await resetReport(on, tenant, id)
    await armStage(on, tenant, id, 'DATA_SAVING')
    if (headers !== undefined) await keepHeaders(secrets, on, tenant, id, headers)
    await takeSaveLock(on, before)
    return { outcome: 'done', before }
  })
}

/** It failed for its rejected records alone: not stopped, sealed, and nothing is open. */
async function isMappedToItsEnd(on: Transaction, operation: Operation): Promise<boolean> {
  const { tenant, id, status, stopReason, chunkingSealed } = operation
  if (status !== 'DATA_MAPPING_FAILED' || stopReason !== null || !chunkingSealed) return false
  const [row] = await on.rows<{ open: boolean }>(OPEN_CHUNKS(tenant), [id])
  return row?.open === false
}
