import type { ReportBuild } from '@marc-migrations/domain'
import { disarmReport } from '../armed/arm-report.ts'
import { perSchema } from '../database/per-schema.ts'
import { lockOperation } from '../operations/lock-operation.ts'
import type { StoreContext } from '../store-context.ts'

const FINISH_BUILD = perSchema(
  (s) => `
  update ${s}.operation_error_report set status = $3::${s}.error_report_status
   where operation_id = $1 and build = $2 and status = 'IN_PROGRESS'`
)

export async function finishBuild(
  { db, tenants }: StoreContext,
  { tenant, operationId, build }: ReportBuild,
  status: 'COMPLETED' | 'ERROR'
): Promise<void> {
  await tenants.require(tenant)
  await db.transaction(async (on) => {
    await lockOperation(on, tenant, operationId)
    if ((await on.run(FINISH_BUILD(tenant), [operationId, build, status])) === 0) return
    await disarmReport(on, tenant, operationId)
  })
}
