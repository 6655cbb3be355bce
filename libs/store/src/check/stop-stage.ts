import type { StageRef, StopGround } from '@marc-migrations/domain'
import { isRunning, stopOperation } from '../control/stop-operation.ts'
import type { Transaction } from '../database/database.ts'
import { control, perSchema } from '../database/per-schema.ts'
import { lockOperation } from '../operations/lock-operation.ts'
import type { StoreContext } from '../store-context.ts'

const HOLDS_CHUNK = perSchema(
  (s) => `
  select 1 from ${s}.operation_chunk
   where operation_id = $1 and id = $2 and epoch = $3 and next_attempt_at is not null and lease_owner is not null`
)

const HOLDS_RANGE = perSchema(
  (s) => `select 1 from ${s}.split_range where operation_id = $1 and id = $2 and epoch = $3 and not done`
)

const HEADERS_MISSING = `
  select 1 where not exists (select 1 from ${control}.stage_secret where tenant = $1 and operation_id = $2)`

/**
 * False, and nothing is changed, when the stage is not the one that runs: another has stopped it, or it has ended. Nor when the
 * ground is gone: a stage that was asked for again is not stopped by somebody who woke from the one before.
 */
export async function stopStage(
  context: StoreContext,
  stage: StageRef,
  ground: StopGround,
  stopReason: string
): Promise<boolean> {
  await context.tenants.require(stage.tenant)
  return await context.db.transaction(async (on) => {
    const operation = await lockOperation(on, stage.tenant, stage.operationId)
    if (operation === null || !isRunning(operation)) return false
    if ((operation.status === 'DATA_SAVING') !== (stage.stage === 'DATA_SAVING')) return false
    if (!(await holds(on, stage, ground))) return false
    await stopOperation(context, on, operation, { control: 'run', stopReason })
    return true
  })
}

/** Under the operation's lock, which every start of a stage takes. */
async function holds(on: Transaction, { tenant, operationId }: StageRef, ground: StopGround): Promise<boolean> {
  if ('headers' in ground) return (await on.rows(HEADERS_MISSING, [tenant, operationId])).length > 0
  const [holding, { id, epoch }] =
    'chunk' in ground
      ? [HOLDS_CHUNK, { id: ground.chunk.chunkId, epoch: ground.chunk.epoch }]
      : [HOLDS_RANGE, { id: ground.range.id, epoch: ground.range.epoch }]
  return (await on.rows(holding(tenant), [operationId, id, epoch])).length > 0
}
