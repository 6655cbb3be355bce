import { chunkObjectNames } from '@marc-migrations/domain'
import type { ChunkObjectNames, Operation } from '@marc-migrations/domain'
import type { Transaction } from '../database/database.ts'
import { perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'
import { leaveTombstones } from '../sweep/leave-tombstones.ts'

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

/**
 * Leaves tombstones for objects that losing attempts may have written, without listing anything: their names follow from
 * the epochs. Call it in the transaction that ends the stage.
 */
export async function buryLosers(
  { subPath }: StoreContext,
  on: Transaction,
  { tenant, id, status }: Operation,
  leaseMs?: number
): Promise<void> {
  const stage = status === 'DATA_SAVING' ? 'DATA_SAVING' : 'DATA_MAPPING'
  const losers = await on.rows<{ id: string; epoch: number; step_id: string }>(LOSERS(tenant), [id, stage])
  const keys = losers.flatMap(({ id: chunkId, epoch, step_id: stepId }) => {
    const names = chunkObjectNames(subPath, { operationId: id, chunkId, stepId, epoch })
    return stage === 'DATA_MAPPING' ? [names.entities, names.rejected, names.reasons] : ofSaving(names)
  })
  await leaveTombstones(on, { tenant, id }, keys, leaseMs)
}

/** Beside what the attempt wrote itself: what the storage module says of a file it was given, under names made of the file's. */
function ofSaving({ rejected, reasons, retried }: ChunkObjectNames): readonly string[] {
  return [rejected, reasons, retried, `${retried}_failedEntities`, `${retried}_errors`]
}
