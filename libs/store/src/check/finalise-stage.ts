import { isTerminal } from '@marc-migrations/domain'
import type { ArmedStage, Operation, OperationStatus, Verdict } from '@marc-migrations/domain'
import { disarmOperation, disarmStage } from '../armed/arm-stage.ts'
import { releaseSaveLock } from '../control/save-lock.ts'
import { giveUpSaveLock } from '../control/pause-operation.ts'
import type { Transaction } from '../database/database.ts'
import { perSchema } from '../database/per-schema.ts'
import { isSchemaGone } from '../database/store-error.ts'
import { lockOperation } from '../operations/lock-operation.ts'
import type { StoreContext } from '../store-context.ts'
import { buryLosers } from './bury-losers.ts'

/** A statement of its own after the lock: one that locks and tests at once sees what was before it waited. */
const TEST_STAGE = perSchema(
  (s) => `
  select exists (select 1 from ${s}.operation_chunk where operation_id = $1 and next_attempt_at is not null) as open,
         $2 = 'DATA_SAVING'
           and exists (select 1 from ${s}.operation_chunk where operation_id = $1 and status <> 'DATA_SAVING_COMPLETED')
           as unsaved`
)

const END_STAGE = perSchema(
  (s) => `
  update ${s}.operation
     set end_time_mapping = case status when 'DATA_MAPPING' then clock_timestamp() at time zone 'utc'
                            else end_time_mapping end,
         end_time_saving = case status when 'DATA_SAVING' then clock_timestamp() at time zone 'utc'
                           else end_time_saving end,
         status = $2::${s}.operationstatus, stop_reason = $3, control = 'run'
   where id = $1`
)

/** Sealed, nothing open, and the sums do not close. */
const BROKEN_INVARIANT = 'broken invariant'

/**
 * Ends a stage that is over: operation locked, tested, verdict set, armed row deleted, all in one transaction. The check
 * thereby cancels itself; nobody has to stop it.
 */
export async function finaliseStage(context: StoreContext, armed: ArmedStage, leaseMs: number): Promise<Verdict> {
  const { tenant, operationId } = armed
  try {
    return await context.db.transaction(async (on) => {
      const operation = await lockOperation(on, tenant, operationId)
      if (operation === null) return await gone(on, armed)
      if (isTerminal(operation.status)) return await ended(on, operation)
      if (operation.status === 'NEW') return { outcome: 'open' }
      if (operation.control === 'pause') await giveUpSaveLock(on, operation)
      if (!operation.chunkingSealed) return { outcome: 'open' }
      return await judge(context, on, operation, leaseMs)
    })
  } catch (error) {
    if (!isSchemaGone(error)) throw error
    return await context.db.transaction((on) => gone(on, armed))
  }
}

async function judge(context: StoreContext, on: Transaction, operation: Operation, leaseMs: number): Promise<Verdict> {
  const { tenant, id } = operation
  const [test] = await on.rows<{ open: boolean; unsaved: boolean }>(TEST_STAGE(tenant), [id, operation.status])
  if (test === undefined || test.open) return { outcome: 'open' }
  const verdict = verdictOf(operation, test.unsaved)
  await on.run(END_STAGE(tenant), [id, verdict.status, verdict.stopReason])
  await buryLosers(context, on, operation, leaseMs)
  await disarmStage(on, tenant, id)
  await releaseSaveLock(on, tenant, id, null)
  return { outcome: 'finalised', ...verdict }
}

function verdictOf(o: Operation, unsaved: boolean): { status: OperationStatus; stopReason: string | null } {
  if (o.status === 'DATA_SAVING') {
    const complete = o.savedRecords === o.totalRecords && !unsaved
    return { status: complete ? 'DATA_SAVING_COMPLETED' : 'DATA_SAVING_FAILED', stopReason: null }
  }
  if (o.mappedRecords + o.rejectedRecords !== o.totalRecords) {
    return { status: 'DATA_MAPPING_FAILED', stopReason: BROKEN_INVARIANT }
  }
  return { status: o.rejectedRecords === 0 ? 'DATA_MAPPING_COMPLETED' : 'DATA_MAPPING_FAILED', stopReason: null }
}

/** Another came first; an armed row beside a stage that has ended was left by somebody else than us. */
async function ended(on: Transaction, { tenant, id, status, stopReason }: Operation): Promise<Verdict> {
  await disarmStage(on, tenant, id)
  await releaseSaveLock(on, tenant, id, null)
  return { outcome: 'ended', status, stopReason }
}

async function gone(on: Transaction, { tenant, operationId }: ArmedStage): Promise<Verdict> {
  await disarmOperation(on, tenant, operationId)
  await releaseSaveLock(on, tenant, operationId, null)
  return { outcome: 'gone' }
}
