import type { Control, Operation } from '@marc-migrations/domain'
import { disarmStage } from '../armed/arm-stage.ts'
import { buryLosers } from '../check/bury-losers.ts'
import type { Transaction } from '../database/database.ts'
import { perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'
import { fenceChunks, fenceRanges } from './fence-chunks.ts'
import { releaseSaveLock } from './save-lock.ts'

const STOP_OPERATION = perSchema(
  (s) => `
  update ${s}.operation
     set status = (case when status in ('NEW', 'DATA_MAPPING') then 'DATA_MAPPING_FAILED' else 'DATA_SAVING_FAILED' end)
                  ::${s}.operationstatus,
         end_time_mapping = case when status in ('NEW', 'DATA_MAPPING') then clock_timestamp() at time zone 'utc'
                            else end_time_mapping end,
         end_time_saving = case when status = 'DATA_SAVING' then clock_timestamp() at time zone 'utc'
                           else end_time_saving end,
         control = $2, stop_reason = $3
   where id = $1`
)

/** In these three a stage runs, or waits to. */
export function isRunning({ status }: Operation): boolean {
  return status === 'NEW' || status === 'DATA_MAPPING' || status === 'DATA_SAVING'
}

/**
 * Ends the running stage FAILED before its time. What is open stays open for a retry, but nobody may work on it any more.
 * Call it under the operation's lock, and only when a stage runs.
 */
export async function stopOperation(
  context: StoreContext,
  on: Transaction,
  operation: Operation,
  end: { readonly control: Control; readonly stopReason: string }
): Promise<void> {
  const { tenant, id } = operation
  await on.run(STOP_OPERATION(tenant), [id, end.control, end.stopReason])
  await fenceRanges(on, tenant, id)
  const fencedUntil = await fenceChunks(on, tenant, id, { stayOpen: true })
  await buryLosers(context, on, operation)
  await disarmStage(on, tenant, id)
  await releaseSaveLock(on, tenant, id, fencedUntil)
}
