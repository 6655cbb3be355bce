import type { ArmedStage } from '@marc-migrations/domain'
import { backOff } from '../chunks/back-off.ts'
import { control, perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

/**
 * Expired leases, and published chunks nobody took within their step (once, twice, four times … `republishMs`, and only
 * while a live worker has a free slot), back to due. The epoch stays: who comes late may still count, until the next claim.
 */
const SWEEP_OPERATION = perSchema(
  (s) => `
  with gone as (
    select c.id, c.lease_owner is not null as expired,
           (c.lease_owner is not null and ${control}.holder_crashed(c.lease_owner, c.lease_until))::int as suspect
      from ${s}.operation_chunk c
     where c.operation_id = $1 and c.next_attempt_at is not null
       and (
         c.lease_until < now()
         or (
           c.lease_until is null
           and c.published_at < now() - $2::float8 * power(2, least(c.publish_steps, 10)) * interval '1 ms'
           and exists (
             select 1 from ${control}.node
              where left_at is null and crashed_at is null
                and last_seen_at > now() - 3 * heartbeat_ms * interval '1 ms' and busy_slots < slots
           )
         )
       )
       for no key update of c skip locked
  ), due as (
    update ${s}.operation_chunk c
       set lease_owner = null, lease_until = null, published_at = null,
           attempts = c.attempts + gone.suspect,
           publish_steps = c.publish_steps + (not gone.expired)::int,
           next_attempt_at = clock_timestamp()
             + case gone.suspect when 1 then ${backOff('c.attempts + 1')} else interval '0 s' end
      from gone
     where c.id = gone.id
  )
  select count(*) filter (where expired)::int as expired, coalesce(sum(suspect), 0)::int as suspects,
         count(*) filter (where not expired)::int as unclaimed
    from gone`
)

export interface Swept {
  readonly expired: number
  readonly suspects: number
  readonly unclaimed: number
}

export async function sweepOperation(
  { db, tenants }: StoreContext,
  { tenant, operationId }: ArmedStage,
  republishMs: number
): Promise<Swept> {
  await tenants.require(tenant)
  const [row] = await db.rows<Swept>(SWEEP_OPERATION(tenant), [operationId, republishMs])
  return row ?? { expired: 0, suspects: 0, unclaimed: 0 }
}
