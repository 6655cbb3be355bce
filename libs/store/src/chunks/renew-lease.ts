import type { Claim } from '@marc-migrations/domain'
import { perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

/** A lease that has run out is not renewed, even when nobody else has taken the chunk yet. */
const RENEW_LEASE = perSchema(
  (s) => `
  update ${s}.operation_chunk set lease_until = clock_timestamp() + $3::int * interval '1 ms'
   where id = $1 and epoch = $2 and lease_until > clock_timestamp()`
)

export async function renewLease({ db, tenants }: StoreContext, claim: Claim, leaseMs: number): Promise<boolean> {
  await tenants.require(claim.tenant)
  const params = [claim.chunkId, claim.epoch, Math.round(leaseMs)]
  return (await db.again((on) => on.run(RENEW_LEASE(claim.tenant), params))) === 1
}
