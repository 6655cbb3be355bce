import type { ControlAnswer, Operation } from '@marc-migrations/domain'
import type { Transaction } from '../database/database.ts'
import { control, perSchema } from '../database/per-schema.ts'
import { lockOperation } from '../operations/lock-operation.ts'
import type { StoreContext } from '../store-context.ts'
import { releaseSaveLock } from './save-lock.ts'
import { isRunning } from './stop-operation.ts'

/** Nobody calls the storage module meanwhile: a silence from before would else count the pause as its own. */
const SET_CONTROL = perSchema((s) => `update ${s}.operation set control = $2, silent_since = null where id = $1`)

/** What nobody works on is published again by who has the lock then; a lapsed lease would else be claimed without it. */
const UNPUBLISH = perSchema(
  (s) => `
  update ${s}.operation_chunk set published_at = null
   where operation_id = $1 and next_attempt_at is not null and published_at is not null
     and (lease_until is null or lease_until < clock_timestamp())`
)

const DUE_AT_ONCE = `
  update ${control}.armed_check set next_split_at = now(), next_publish_at = now(), next_check_at = now()
   where tenant = $1 and operation_id = $2`

const LEASED = perSchema(
  (s) => `
  select exists (
    select 1 from ${s}.operation_chunk
     where operation_id = $1 and next_attempt_at is not null and lease_until > clock_timestamp()
  ) as leased`
)

/** Status stays; nothing is published or claimed any more, chunks under a lease end. */
export async function pauseOperation({ db, tenants }: StoreContext, tenant: string, id: string): Promise<ControlAnswer> {
  await tenants.require(tenant)
  return await db.transaction(async (on) => {
    const before = await lockOperation(on, tenant, id)
    if (before === null) return { outcome: 'unknown' }
    if (!isRunning(before)) return { outcome: 'forbidden', before }
    await on.run(SET_CONTROL(tenant), [id, 'pause'])
    await giveUpSaveLock(on, before)
    return { outcome: 'done', before }
  })
}

/** Only from pause. */
export async function resumeOperation({ db, tenants }: StoreContext, tenant: string, id: string): Promise<ControlAnswer> {
  await tenants.require(tenant)
  return await db.transaction(async (on) => {
    const before = await lockOperation(on, tenant, id)
    if (before === null) return { outcome: 'unknown' }
    if (before.control !== 'pause' || !isRunning(before)) return { outcome: 'forbidden', before }
    await on.run(SET_CONTROL(tenant), [id, 'run'])
    await on.run(DUE_AT_ONCE, [tenant, id])
    return { outcome: 'done', before }
  })
}

/**
 * A paused saving lets others save: at once, or, while chunks of it are still with their workers, when the checker finds
 * that the last of them has ended.
 */
export async function giveUpSaveLock(on: Transaction, { tenant, id, status }: Operation): Promise<void> {
  if (status !== 'DATA_SAVING') return
  await on.run(UNPUBLISH(tenant), [id])
  const [row] = await on.rows<{ leased: boolean }>(LEASED(tenant), [id])
  if (row?.leased === false) await releaseSaveLock(on, tenant, id, null)
}
