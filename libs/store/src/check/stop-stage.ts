import type { StageRef } from '@marc-migrations/domain'
import { isRunning, stopOperation } from '../control/stop-operation.ts'
import { lockOperation } from '../operations/lock-operation.ts'
import type { StoreContext } from '../store-context.ts'

/** Changes nothing when the stage is not the one that runs: another has stopped it, or it has ended. */
export async function stopStage(context: StoreContext, stage: StageRef, stopReason: string): Promise<void> {
  await context.tenants.require(stage.tenant)
  await context.db.transaction(async (on) => {
    const operation = await lockOperation(on, stage.tenant, stage.operationId)
    if (operation === null || !isRunning(operation)) return
    if ((operation.status === 'DATA_SAVING') !== (stage.stage === 'DATA_SAVING')) return
    await stopOperation(context, on, operation, { control: 'run', stopReason })
  })
}
