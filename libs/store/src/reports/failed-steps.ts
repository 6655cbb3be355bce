import type { FailedStep, ReportBuild, Stage } from '@marc-migrations/domain'
import { perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

const STEPS_AT_ONCE = 500
const NO_ID = '00000000-0000-0000-0000-000000000000'

/** Where a saving answered with one name of two, the module replaced wrote the word null for the other. */
const NEXT_STEPS = perSchema(
  (s) => `
  select t.id, c.id as chunk_id, c.position, t.operation_step::text as stage,
         nullif(nullif(t.error_chunk_file_name, 'null'), '') as reasons
    from ${s}.operation_chunk_step t join ${s}.operation_chunk c on c.id = t.operation_chunk_id
   where c.operation_id = $1 and t.status = 'FAILED' and (c.position, t.id) > ($2::bigint, $3::uuid)
   order by c.position, t.id
   limit ${STEPS_AT_ONCE}`
)

interface StepRow {
  readonly id: string
  readonly chunk_id: string
  readonly position: string
  readonly stage: Stage
  readonly reasons: string | null
}

export async function* failedSteps(
  { db, tenants }: StoreContext,
  { tenant, operationId }: ReportBuild
): AsyncIterable<FailedStep> {
  await tenants.require(tenant)
  let last = { position: -1, id: NO_ID }
  for (;;) {
    const rows = await db.again((on) => on.rows<StepRow>(NEXT_STEPS(tenant), [operationId, last.position, last.id]))
    for (const row of rows) yield toStep(row)
    const end = rows.at(-1)
    if (end === undefined || rows.length < STEPS_AT_ONCE) return
    last = { position: Number(end.position), id: end.id }
  }
}

function toStep(row: StepRow): FailedStep {
  return {
    stepId: row.id,
    chunkId: row.chunk_id,
    position: Number(row.position),
    stage: row.stage,
    reasonsKey: row.reasons
  }
}
