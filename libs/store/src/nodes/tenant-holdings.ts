import type { Holding, Stage } from '@marc-migrations/domain'
import { perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

/** Only published chunks can be leased, and no more of them are published than workers have room for. */
const HOLDINGS = perSchema(
  (s) => `
  select lease_owner, operation_id, id, stage
    from ${s}.operation_chunk
   where next_attempt_at is not null and published_at is not null and lease_owner is not null
   order by lease_owner, operation_id, position`
)

interface HoldingRow {
  readonly lease_owner: string
  readonly operation_id: string
  readonly id: string
  readonly stage: Stage
}

export async function tenantHoldings({ db, tenants }: StoreContext, tenant: string): Promise<readonly Holding[]> {
  await tenants.require(tenant)
  const rows = await db.again((on) => on.rows<HoldingRow>(HOLDINGS(tenant)))
  return rows.map((row) => ({
    nodeId: row.lease_owner,
    operationId: row.operation_id,
    chunkId: row.id,
    stage: row.stage
  }))
}
