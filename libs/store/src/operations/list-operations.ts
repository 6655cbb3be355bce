import type { Operation, OperationPage } from '@marc-migrations/domain'
import { perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'
import { OPERATION_COLUMNS, toOperation } from './operation-row.ts'
import type { OperationRow } from './operation-row.ts'

const LIST_OPERATIONS = perSchema(
  (s) => `
  select ${OPERATION_COLUMNS}
    from ${s}.operation o
   where $3::text is null or o.entity_type = upper($3)
   order by o.start_time_mapping desc nulls first, o.id
  offset $1 limit $2`
)

const COUNT_OPERATIONS = perSchema(
  (s) => `select count(*)::int as n from ${s}.operation o where $1::text is null or o.entity_type = upper($1)`
)

export async function listOperations(
  { db, tenants }: StoreContext,
  tenant: string,
  page: OperationPage
): Promise<{ operations: readonly Operation[]; totalRecords: number }> {
  await tenants.require(tenant)
  const entityType = page.entityType ?? null
  const [counted] = await db.again((on) => on.rows<{ n: number }>(COUNT_OPERATIONS(tenant), [entityType]))
  const rows = await db.again((on) => on.rows<OperationRow>(LIST_OPERATIONS(tenant), [page.offset, page.limit, entityType]))
  return { operations: rows.map((row) => toOperation(tenant, row)), totalRecords: counted?.n ?? 0 }
}
