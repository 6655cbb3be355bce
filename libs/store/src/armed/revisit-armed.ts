import type { ArmedStage, Round } from '@marc-migrations/domain'
import { control } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

const revisitArmed = (round: Round) => `
  update ${control}.armed_check
     set next_${round}_at = now() + $4::int * interval '1 ms'
   where tenant = $1 and operation_id = $2 and stage = $3`

const REVISIT: Readonly<Record<Round, string>> = {
  split: revisitArmed('split'),
  publish: revisitArmed('publish'),
  check: revisitArmed('check'),
  sweep: revisitArmed('sweep')
}

export async function revisitArmedStage(
  { db }: StoreContext,
  round: Round,
  { tenant, operationId, stage }: ArmedStage,
  inMs: number
): Promise<void> {
  await db.again((on) => on.run(REVISIT[round], [tenant, operationId, stage, Math.round(inMs)]))
}
