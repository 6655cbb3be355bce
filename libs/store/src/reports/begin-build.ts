import type { ArmedReport, ReportBuild } from '@marc-migrations/domain'
import { disarmOperation } from '../armed/arm-stage.ts'
import { disarmReport } from '../armed/arm-report.ts'
import { perSchema } from '../database/per-schema.ts'
import { isSchemaGone } from '../database/store-error.ts'
import { lockOperation } from '../operations/lock-operation.ts'
import type { StoreContext } from '../store-context.ts'

const TAKE_BUILD = perSchema(
  (s) => `
  update ${s}.operation_error_report set build = build + 1
   where operation_id = $1 and status = 'IN_PROGRESS'
  returning build`
)

/** After the build was taken: rows of whoever had it are all there, and no more can come. */
const DELETE_ERRORS = perSchema((s) => `delete from ${s}.operation_error where report_id = $1`)

export async function beginBuild({ db }: StoreContext, { tenant, operationId }: ArmedReport): Promise<ReportBuild | null> {
  try {
    return await db.transaction(async (on) => {
      if ((await lockOperation(on, tenant, operationId)) === null) {
        await disarmOperation(on, tenant, operationId)
        return null
      }
      const [taken] = await on.rows<{ build: number }>(TAKE_BUILD(tenant), [operationId])
      if (taken === undefined) {
        await disarmReport(on, tenant, operationId)
        return null
      }
      await on.run(DELETE_ERRORS(tenant), [operationId])
      return { tenant, operationId, build: taken.build }
    })
  } catch (error) {
    if (!isSchemaGone(error)) throw error
    await db.transaction((on) => disarmOperation(on, tenant, operationId))
    return null
  }
}
