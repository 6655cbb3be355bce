import type { FailedStep, ReportBuild } from '@marc-migrations/domain'
import { perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'
import { errorId } from './error-id.ts'

/** A statement of its own: whoever takes the build over, or resets the report, waits until these rows are there to be deleted. */
const HOLD_BUILD = perSchema(
  (s) => `
  select 1 from ${s}.operation_error_report
   where operation_id = $1 and build = $2 and status = 'IN_PROGRESS'
     for no key update`
)

/** The same rows again, after an answer that nobody heard, change nothing. */
const INSERT_ERRORS = perSchema(
  (s) => `
  insert into ${s}.operation_error
    (id, report_id, operation_chunk_id, operation_step, chunk_status, record_id, error_message)
  select e.id, $1, $2, $3::${s}.operationstep, 'FAILED', e.record_id, e.message
    from unnest($4::uuid[], $5::text[], $6::text[]) as e (id, record_id, message)
  on conflict (id) do nothing`
)

export async function addErrors(
  { db, tenants }: StoreContext,
  { tenant, operationId, build }: ReportBuild,
  step: FailedStep,
  firstLine: number,
  rows: readonly { readonly recordId: string; readonly message: string }[]
): Promise<boolean> {
  await tenants.require(tenant)
  return await db.transaction(async (on) => {
    const held = await on.rows(HOLD_BUILD(tenant), [operationId, build])
    if (held.length === 0) return false
    await on.run(INSERT_ERRORS(tenant), [
      operationId,
      step.chunkId,
      step.stage,
      rows.map((_, i) => errorId(step, firstLine + i)),
      rows.map(({ recordId }) => recordId),
      rows.map(({ message }) => message.replaceAll('\0', ' '))
    ])
    return true
  })
}
