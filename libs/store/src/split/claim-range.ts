import type { SplitRange } from '@marc-migrations/domain'
import { perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

const CLAIM_RANGE = perSchema(
  (s) => `
  update ${s}.split_range
     set epoch = epoch + 1, lease_owner = $2, lease_until = clock_timestamp() + $3::int * interval '1 ms'
   where id = (
     select r.id
       from ${s}.split_range r join ${s}.operation o on o.id = r.operation_id
      where r.operation_id = $1 and not r.done and o.control = 'run' and o.status in ('NEW', 'DATA_MAPPING')
        and (r.lease_until is null or r.lease_until < now())
      order by r.next_position
      limit 1
        for no key update of r skip locked
   )
  returning id, from_key, to_key, cursor, next_position, epoch`
)

interface RangeRow {
  readonly id: string
  readonly from_key: string | null
  readonly to_key: string | null
  readonly cursor: string | null
  readonly next_position: string
  readonly epoch: number
}

export async function claimRange(
  { db, tenants }: StoreContext,
  tenant: string,
  operationId: string,
  owner: string,
  leaseMs: number
): Promise<SplitRange | null> {
  await tenants.require(tenant)
  const [row] = await db.rows<RangeRow>(CLAIM_RANGE(tenant), [operationId, owner, Math.round(leaseMs)])
  if (row === undefined) return null
  return {
    id: row.id,
    operationId,
    from: row.from_key,
    to: row.to_key,
    cursor: row.cursor,
    firstPosition: Number(row.next_position),
    epoch: row.epoch
  }
}
