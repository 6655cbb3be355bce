import type { AuditSums } from '@marc-migrations/domain'
import { control, perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

const OPERATION_SUMS = perSchema(
  (s) => `
  select count(*)::int as chunks,
         (count(*) filter (where next_attempt_at is not null))::int as "openChunks",
         coalesce(sum(num_of_records), 0)::int as "recordCount",
         coalesce(sum(mapped_share), 0)::int as mapped,
         coalesce(sum(rejected_share), 0)::int as rejected,
         coalesce(sum(saved_share), 0)::int as saved,
         (count(*) filter (where status <> 'DATA_SAVING_COMPLETED'))::int as "unsavedChunks",
         (select count(*)::int from ${s}.split_range r where r.operation_id = $2 and not r.done) as "openRanges",
         exists (
           select 1 from ${control}.armed_check a where a.tenant = $1 and a.operation_id = $2 and a.stage <> 'REPORT'
         ) as armed,
         exists (select 1 from ${control}.save_lock l where l.tenant = $1 and l.operation_id = $2) as "saveLockHeld"
    from ${s}.operation_chunk
   where operation_id = $2`
)

/** One statement, so one snapshot: what it says was true at one moment. */
export async function operationSums({ db, tenants }: StoreContext, tenant: string, operationId: string): Promise<AuditSums> {
  await tenants.require(tenant)
  const [sums] = await db.rows<AuditSums>(OPERATION_SUMS(tenant), [tenant, operationId])
  if (sums === undefined) throw new Error('an aggregate gave no row')
  return sums
}
