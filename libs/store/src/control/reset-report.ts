import { disarmReport } from '../armed/arm-report.ts'
import type { Transaction } from '../database/database.ts'
import { perSchema } from '../database/per-schema.ts'

/** A build that runs is fenced: it would report what is no longer so. */
const RESET_REPORT = perSchema(
  (s) => `
  update ${s}.operation_error_report
     set status = 'NOT_STARTED', build = build + 1, started_at = null, finished_at = null
   where operation_id = $1`
)

const DELETE_ERRORS = perSchema((s) => `delete from ${s}.operation_error where report_id = $1`)

/** What the last report said is no longer so. Call it under the operation's lock, before a stage is armed. */
export async function resetReport(on: Transaction, tenant: string, operationId: string): Promise<void> {
  await on.run(RESET_REPORT(tenant), [operationId])
  await on.run(DELETE_ERRORS(tenant), [operationId])
  await disarmReport(on, tenant, operationId)
}
