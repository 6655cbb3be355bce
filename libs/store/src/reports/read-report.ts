import type { ReportedError, ReportStatus } from '@marc-migrations/domain'
import { perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

const REPORT_STATUS = perSchema(
  (s) => `
  select coalesce(r.status::text, 'NOT_STARTED') as status
    from ${s}.operation o left join ${s}.operation_error_report r on r.operation_id = o.id
   where o.id = $1`
)

/** The order of the ids is that of chunks and lines. */
const REPORT_ERRORS = perSchema(
  (s) => `
  select report_id as "operationId", operation_chunk_id as "chunkId", operation_step::text as stage,
         chunk_status::text as "chunkStatus", record_id as "recordId", error_message as message
    from ${s}.operation_error
   where report_id = $1
   order by id
  offset $2 limit $3`
)

export async function reportStatus({ db, tenants }: StoreContext, tenant: string, id: string): Promise<ReportStatus | null> {
  await tenants.require(tenant)
  const [row] = await db.again((on) => on.rows<{ status: ReportStatus }>(REPORT_STATUS(tenant), [id]))
  return row?.status ?? null
}

export async function reportErrors(
  { db, tenants }: StoreContext,
  tenant: string,
  id: string,
  { offset, limit }: { readonly offset: number; readonly limit: number }
): Promise<readonly ReportedError[]> {
  await tenants.require(tenant)
  return await db.again((on) => on.rows<ReportedError>(REPORT_ERRORS(tenant), [id, offset, limit]))
}
