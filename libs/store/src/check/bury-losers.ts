import { chunkObjectNames } from '@marc-migrations/domain'
import type { Operation } from '@marc-migrations/domain'
import type { Transaction } from '../database/database.ts'
import { control, perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

/**
 * Attempts of the ended stage that did not win: every epoch of it but the counted one. After mapping these are all epochs
 * but the file's, after saving those above the file's. A chunk that went through without a second attempt has none.
 */
const LOSERS = perSchema(
  (s) => `
  select c.id, e.epoch, t.id as step_id
    from ${s}.operation_chunk c
    join ${s}.operation_chunk_step t on t.id = c.step_id and t.operation_step::text = $2
    cross join lateral generate_series(case $2 when 'DATA_MAPPING' then 1 else coalesce(c.file_epoch, 0) + 1 end, c.epoch)
      as e (epoch)
   where c.operation_id = $1 and c.epoch > 1
     and e.epoch is distinct from case $2 when 'DATA_MAPPING' then c.file_epoch else c.saved_epoch end`
)

/** A lease after the end, when the last of the losers has stopped writing. */
const INSERT_TOMBSTONE = `
  insert into ${control}.tombstone (tenant, operation_id, keys, due_at)
  values ($1, $2, $3, clock_timestamp() + $4::int * interval '1 ms')`

const KEYS_PER_TOMBSTONE = 900
const LATEST_LEASE_MS = 60_000

/**
 * Leaves tombstones for objects that losing attempts may have written, without listing anything: their names follow from
 * the epochs. Call it in the transaction that ends the stage.
 */
export async function buryLosers(
  { subPath }: StoreContext,
  on: Transaction,
  { tenant, id, status }: Operation,
  leaseMs = LATEST_LEASE_MS
): Promise<void> {
  const stage = status === 'DATA_SAVING' ? 'DATA_SAVING' : 'DATA_MAPPING'
  const losers = await on.rows<{ id: string; epoch: number; step_id: string }>(LOSERS(tenant), [id, stage])
  const keys = losers.flatMap(({ id: chunkId, epoch, step_id: stepId }) => {
    const names = chunkObjectNames(subPath, { operationId: id, chunkId, stepId, epoch })
    return stage === 'DATA_MAPPING' ? [names.entities, names.rejected, names.reasons] : [names.rejected, names.reasons]
  })
  for (let from = 0; from < keys.length; from += KEYS_PER_TOMBSTONE) {
    const some = keys.slice(from, from + KEYS_PER_TOMBSTONE)
    await on.run(INSERT_TOMBSTONE, [tenant, id, some, Math.round(leaseMs)])
  }
}
