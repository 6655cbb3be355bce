import type { Claim } from '@marc-migrations/domain'
import { perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'
import { backOff } from './back-off.ts'

const GIVE_BACK = perSchema(
  (s) => `
  update ${s}.operation_chunk
     set status = coalesce(prior, status), prior = null, lease_owner = null, lease_until = null, published_at = null,
         attempts = attempts + case $3::text when 'suspect' then 1 else 0 end,
         next_attempt_at = clock_timestamp() + case $3::text
           when 'suspect' then ${backOff('attempts + 1')}
           when 'outage' then (1 + random()) * interval '1 s'
           else interval '0 s'
         end
   where id = $1 and epoch = $2 and next_attempt_at is not null and lease_owner is not null`
)

export async function giveBackChunk(
  { db, tenants }: StoreContext,
  claim: Claim,
  reason: 'outage' | 'suspect' | 'released'
): Promise<void> {
  await tenants.require(claim.tenant)
  // Doing it twice is harmless: after the first time nobody holds a lease under this epoch.
  await db.again((on) => on.run(GIVE_BACK(claim.tenant), [claim.chunkId, claim.epoch, reason]))
}
