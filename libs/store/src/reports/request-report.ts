import type { Operation } from '@marc-migrations/domain'
import { armReport, disarmReport } from '../armed/arm-report.ts'
import type { Transaction } from '../database/database.ts'
import { perSchema } from '../database/per-schema.ts'
import { lockOperation } from '../operations/lock-operation.ts'
import type { StoreContext } from '../store-context.ts'

/** The module replaced wrote operation and report apart, and a crash in between left the one without the other. */
const ADD_MISSING = perSchema(
  (s) => `
  insert into ${s}.operation_error_report (id, operation_id, status) values ($1, $1, 'NOT_STARTED') on conflict do nothing`
)

const BEGIN_REPORT = perSchema(
  (s) => `
  update ${s}.operation_error_report
     set status = 'IN_PROGRESS', build = build + 1, started_at = clock_timestamp() at time zone 'utc', finished_at = null
   where operation_id = $1`
)

const DELETE_ERRORS = perSchema((s) => `delete from ${s}.operation_error where report_id = $1`)

const ANY_FAILED = perSchema(
  (s) => `select 1 from ${s}.operation_chunk_step where operation_id = $1 and status = 'FAILED' limit 1`
)

const COMPLETE_REPORT = perSchema(
  (s) => `update ${s}.operation_error_report set status = 'COMPLETED' where operation_id = $1`
)

/** Begins a report anew, whatever became of the one before; complete at once where nothing can have failed. */
export async function requestReport({ db, tenants }: StoreContext, tenant: string, id: string): Promise<boolean> {
  await tenants.require(tenant)
  return await db.transaction(async (on) => {
    const operation = await lockOperation(on, tenant, id)
    if (operation === null) return false
    await on.run(ADD_MISSING(tenant), [id])
    await on.run(BEGIN_REPORT(tenant), [id])
    await on.run(DELETE_ERRORS(tenant), [id])
    if (await hasFailed(on, operation)) {
      await armReport(on, tenant, id)
    } else {
      await on.run(COMPLETE_REPORT(tenant), [id])
      await disarmReport(on, tenant, id)
    }
    return true
  })
}

async function hasFailed(on: Transaction, { tenant, id, status }: Operation): Promise<boolean> {
  if (status === 'DATA_MAPPING_COMPLETED' || status === 'DATA_SAVING_COMPLETED') return false
  return (await on.rows(ANY_FAILED(tenant), [id])).length > 0
}
