import { perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

const OPERATION_IDS = perSchema((s) => `select id from ${s}.operation order by created_at, id`)

export async function operationIds({ db, tenants }: StoreContext, tenant: string): Promise<readonly string[]> {
  await tenants.require(tenant)
  return (await db.rows<{ id: string }>(OPERATION_IDS(tenant))).map(({ id }) => id)
}
