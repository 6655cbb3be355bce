import type { ControlAnswer } from '@marc-migrations/domain'
import { lockOperation } from '../operations/lock-operation.ts'
import type { StoreContext } from '../store-context.ts'
import { isRunning, stopOperation } from './stop-operation.ts'

export async function cancelOperation(
  context: StoreContext,
  tenant: string,
  id: string,
  stopReason: string
): Promise<ControlAnswer> {
  await context.tenants.require(tenant)
  return await context.db.transaction(async (on) => {
    const before = await lockOperation(on, tenant, id)
    if (before === null) return { outcome: 'unknown' }
    if (!isRunning(before)) return { outcome: 'forbidden', before }
    await stopOperation(context, on, before, { control: 'cancel', stopReason })
    return { outcome: 'done', before }
  })
}
