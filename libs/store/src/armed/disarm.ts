import type { ArmedStage } from '@marc-migrations/domain'
import { releaseSaveLock } from '../control/save-lock.ts'
import type { StoreContext } from '../store-context.ts'
import { disarmOperation } from './arm-stage.ts'

/** For a row whose schema or operation is gone: nothing of it is left to lock. */
export async function disarm({ db }: StoreContext, { tenant, operationId }: ArmedStage): Promise<void> {
  await db.transaction(async (on) => {
    await disarmOperation(on, tenant, operationId)
    await releaseSaveLock(on, tenant, operationId, null)
  })
}
