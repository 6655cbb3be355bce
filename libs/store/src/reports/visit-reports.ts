import type { ArmedReport } from '@marc-migrations/domain'
import { control } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

/** Reports another coordinator is just taking are left to it. */
const VISIT_REPORTS = `
  with due as (
    select tenant, operation_id
      from ${control}.armed_check
     where next_report_at <= now()
     order by next_report_at
     limit $2
       for no key update skip locked
  )
  update ${control}.armed_check a
     set next_report_at = now() + $1::int * interval '1 ms'
    from due
   where a.tenant = due.tenant and a.operation_id = due.operation_id
  returning a.tenant, a.operation_id as "operationId"`

export async function visitReports({ db }: StoreContext, everyMs: number, limit: number): Promise<readonly ArmedReport[]> {
  return await db.rows<ArmedReport>(VISIT_REPORTS, [Math.round(everyMs), limit])
}
