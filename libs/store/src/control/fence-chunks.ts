import type { Stage } from '@marc-migrations/domain'
import type { Transaction } from '../database/database.ts'
import { perSchema } from '../database/per-schema.ts'

/**
 * A statement of its own before the fencing: a claim that has a chunk and is not yet committed is waited for here, so that the
 * statements after this one see the step it began. Only what is published can be claimed.
 */
const WAIT_FOR_CLAIMS = perSchema(
  (s) => `
  select 1 from ${s}.operation_chunk
   where operation_id = $1 and next_attempt_at is not null and published_at is not null
     for no key update`
)

/**
 * Open chunks of an operation, leased or not: a higher epoch, no lease, not published (a claim that runs at this moment with
 * an old view of the operation then finds them unpublished), the status they had before the claim, their running step FAILED.
 */
const FENCE_CHUNKS = perSchema(
  (s) => `
  with held as (
    select id, stage, step_id, lease_until
      from ${s}.operation_chunk
     where operation_id = $1 and next_attempt_at is not null and ($2::text is null or stage::text = $2)
       for no key update
  ), fenced as (
    update ${s}.operation_chunk c
       set epoch = c.epoch + 1, lease_owner = null, lease_until = null, published_at = null,
           next_attempt_at = case when $3 then c.next_attempt_at end,
           status = case when c.status in ('DATA_MAPPING', 'DATA_SAVING') then coalesce(c.prior, case when $3 then c.status
                    else 'DATA_MAPPING_COMPLETED' end) else c.status end,
           prior = null
      from held
     where c.id = held.id
  ), ended as (
    update ${s}.operation_chunk_step t
       set status = 'FAILED', step_end_time = clock_timestamp() at time zone 'utc'
      from held
     where t.id = held.step_id and t.status = 'IN_PROGRESS'
  )
  select max(lease_until) filter (where stage = 'DATA_SAVING') as saving_until from held`
)

const FENCE_RANGES = perSchema(
  (s) => `
  update ${s}.split_range set epoch = epoch + 1, lease_owner = null, lease_until = null
   where operation_id = $1 and not done`
)

export interface Fencing {
  /** Only chunks enlisted for this stage; all open ones when absent. */
  readonly stage?: Stage
  /** False takes them off the list, too. */
  readonly stayOpen: boolean
}

/**
 * Call it under the operation's lock.
 *
 * @returns when the last fenced saving lease runs out: until then its holder may be talking to the storage
 */
export async function fenceChunks(
  on: Transaction,
  tenant: string,
  operationId: string,
  { stage, stayOpen }: Fencing
): Promise<Date | null> {
  await on.run(WAIT_FOR_CLAIMS(tenant), [operationId])
  const [row] = await on.rows<{ saving_until: Date | null }>(FENCE_CHUNKS(tenant), [operationId, stage ?? null, stayOpen])
  return row?.saving_until ?? null
}

export async function fenceRanges(on: Transaction, tenant: string, operationId: string): Promise<void> {
  await on.run(FENCE_RANGES(tenant), [operationId])
}
