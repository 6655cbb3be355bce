import type { ArmedReport } from '@marc-migrations/domain'
import { control } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

/** Not where nothing is armed any more: a report that was finished or reset in between stays so. */
const HOLD_REPORT = `
  update ${control}.armed_check
     set next_report_at = now() + $3::int * interval '1 ms'
   where tenant = $1 and operation_id = $2 and next_report_at is not null`

export async function holdReport({ db }: StoreContext, { tenant, operationId }: ArmedReport, forMs: number): Promise<void> {
  await db.again((on) => on.run(HOLD_REPORT, [tenant, operationId, Math.round(forMs)]))
}
