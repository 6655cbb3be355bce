import type { Transaction } from '../database/database.ts'
import { control } from '../database/per-schema.ts'

/** On the row of the stage that runs, else on one of its own. */
const ARM_REPORT = `
  insert into ${control}.armed_check
    (tenant, operation_id, stage, next_split_at, next_publish_at, next_check_at, next_sweep_at, next_report_at)
  values ($1, $2, 'REPORT', 'infinity', 'infinity', 'infinity', 'infinity', now())
  on conflict (tenant, operation_id) do update set next_report_at = excluded.next_report_at`

const DISARM_REPORT = `
  update ${control}.armed_check set next_report_at = null
   where tenant = $1 and operation_id = $2 and stage <> 'REPORT'`

const DELETE_REPORT_ROW = `
  delete from ${control}.armed_check where tenant = $1 and operation_id = $2 and stage = 'REPORT'`

export async function armReport(on: Transaction, tenant: string, operationId: string): Promise<void> {
  await on.run(ARM_REPORT, [tenant, operationId])
}

/** Nothing is left to build. Call it under the operation's lock: whether a stage runs decides what becomes of the row. */
export async function disarmReport(on: Transaction, tenant: string, operationId: string): Promise<void> {
  await on.run(DISARM_REPORT, [tenant, operationId])
  await on.run(DELETE_REPORT_ROW, [tenant, operationId])
}
