import type { ArmedStage, Round, Stage } from '@marc-migrations/domain'
import { control } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

/** Takes due rows of one round; rows another coordinator is just taking are left to it. */
const visitArmed = (round: Round) => `
  with due as (
    select tenant, operation_id
      from ${control}.armed_check
     where next_${round}_at <= now()
     order by next_${round}_at
     limit $2
       for no key update skip locked
  )
  update ${control}.armed_check a
     set next_${round}_at = now() + $1::int * interval '1 ms'
    from due
   where a.tenant = due.tenant and a.operation_id = due.operation_id
  returning a.tenant, a.operation_id, a.stage, (extract(epoch from now() - a.armed_at) * 1000)::float8 as armed_for_ms`

const VISIT: Readonly<Record<Round, string>> = {
  split: visitArmed('split'),
  publish: visitArmed('publish'),
  check: visitArmed('check'),
  sweep: visitArmed('sweep')
}

interface ArmedRow {
  readonly tenant: string
  readonly operation_id: string
  readonly stage: Stage
  readonly armed_for_ms: number
}

export async function visitArmedStages(
  { db }: StoreContext,
  round: Round,
  everyMs: number,
  limit: number
): Promise<readonly ArmedStage[]> {
  const rows = await db.rows<ArmedRow>(VISIT[round], [Math.round(everyMs), limit])
  return rows.map((row) => ({
    tenant: row.tenant,
    operationId: row.operation_id,
    stage: row.stage,
    armedForMs: row.armed_for_ms
  }))
}
