import { perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

/** The seal knows better: it has the sum of the chunk rows. */
const SET_TOTAL = perSchema(
  (s) => `update ${s}.operation set total_num_of_records = $2 where id = $1 and not chunking_sealed`
)

export async function setTotal(
  { db, tenants }: StoreContext,
  tenant: string,
  operationId: string,
  totalRecords: number
): Promise<void> {
  await tenants.require(tenant)
  await db.again((on) => on.run(SET_TOTAL(tenant), [operationId, totalRecords]))
}
