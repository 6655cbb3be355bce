import type { Claim, GiveBackReason } from '@marc-migrations/domain'
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
           when 'released' then interval '0 s'
           else (1 + random()) * interval '1 s'
         end
   where id = $1 and epoch = $2 and next_attempt_at is not null and lease_owner is not null`
)

const NOTE_SILENCE = perSchema(
  (s) => `
  update ${s}.operation set silent_since = clock_timestamp()
   where id = $1 and silent_since is null and status = 'DATA_SAVING'
     and exists (
       select 1 from ${s}.operation_chunk
        where id = $2 and epoch = $3 and next_attempt_at is not null and lease_owner is not null)`
)

export async function giveBackChunk({ db, tenants }: StoreContext, claim: Claim, reason: GiveBackReason): Promise<void> {
  await tenants.require(claim.tenant)
  // The operation before its chunk, as the order of locks wants it, and each a statement that commits itself.
  const noted = [claim.operationId, claim.chunkId, claim.epoch]
  if (reason === 'silent') await db.again((on) => on.run(NOTE_SILENCE(claim.tenant), noted))
  // Doing it twice is harmless: after the first time nobody holds a lease under this epoch.
  await db.again((on) => on.run(GIVE_BACK(claim.tenant), [claim.chunkId, claim.epoch, reason]))
}
