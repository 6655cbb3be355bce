import type { EntityType } from '@marc-migrations/domain'
import { control } from '../database/per-schema.ts'
import { lockOperation } from '../operations/lock-operation.ts'
import type { StoreContext } from '../store-context.ts'
import { fenceChunks } from './fence-chunks.ts'
import { releaseSaveLock } from './save-lock.ts'

const OWNER = `select operation_id from ${control}.save_lock where tenant = $1 and entity_type = $2`

/** To the end of those who wait: the lock would else be its again at the next tick. */
const QUEUE_LAST = `
  update ${control}.armed_check set armed_at = clock_timestamp() where tenant = $1 and operation_id = $2`

/**
 * Takes the saving right from its owner, whose chunks are fenced first. The owner is read without a lock, then its operation
 * is locked, as the order of locks wants it; another owner by then keeps the lock.
 *
 * @returns the operation that had it; null when nobody had
 */
export async function forceReleaseSaveLock(
  { db, tenants }: StoreContext,
  tenant: string,
  entityType: EntityType
): Promise<string | null> {
  await tenants.require(tenant)
  return await db.transaction(async (on) => {
    const [row] = await on.rows<{ operation_id: string | null }>(OWNER, [tenant, entityType.toUpperCase()])
    const owner = row?.operation_id ?? null
    if (owner === null) return null
    await lockOperation(on, tenant, owner)
    const [now] = await on.rows<{ operation_id: string | null }>(OWNER, [tenant, entityType.toUpperCase()])
    if (now?.operation_id !== owner) return null
    const fencedUntil = await fenceChunks(on, tenant, owner, { stage: 'DATA_SAVING', stayOpen: true })
    await on.run(QUEUE_LAST, [tenant, owner])
    await releaseSaveLock(on, tenant, owner, fencedUntil)
    return owner
  })
}
