import type { Stage } from '@marc-migrations/domain'
import type { Transaction } from '../database/database.ts'
import { control } from '../database/per-schema.ts'

/** Every round is due at once; the stage is armed from now on, which is its place among those waiting for the save lock. */
const ARM_STAGE = `
  insert into ${control}.armed_check (tenant, operation_id, stage) values ($1, $2, $3)
  on conflict (tenant, operation_id) do update
    set stage = excluded.stage, armed_at = clock_timestamp(), next_split_at = now(), next_publish_at = now(),
        next_check_at = now(), next_sweep_at = now(), outstanding = 0, due = 0, reserved = 0, reserved_at = null,
        marks = armed_check.marks + 1`

const DISARM_STAGE = `delete from ${control}.armed_check where tenant = $1 and operation_id = $2`
const FORGET_SECRET = `delete from ${control}.stage_secret where tenant = $1 and operation_id = $2`

export async function armStage(on: Transaction, tenant: string, operationId: string, stage: Stage): Promise<void> {
  await on.run(ARM_STAGE, [tenant, operationId, stage])
}

/** The stage is over: off the list, and its credentials with it. */
export async function disarmStage(on: Transaction, tenant: string, operationId: string): Promise<void> {
  await on.run(DISARM_STAGE, [tenant, operationId])
  await on.run(FORGET_SECRET, [tenant, operationId])
}
