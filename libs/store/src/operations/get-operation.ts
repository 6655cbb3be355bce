import type { Operation } from '@marc-migrations/domain'
import { perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'
import { OPERATION_COLUMNS, toOperation } from './operation-row.ts'
import type { OperationRow } from './operation-row.ts'

const GET_OPERATION = perSchema((s) => `select ${OPERATION_COLUMNS} from ${s}.operation o where o.id = $1`)

export async function getOperation({ db, tenants }: StoreContext, tenant: string, id: string): Promise<Operation | null> {
  await tenants.require(tenant)
  const [row] = await db.again((on) => on.rows<OperationRow>(GET_OPERATION(tenant), [id]))
  return row === undefined ? null : toOperation(tenant, row)
}
