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

/** A report that was asked for is still to be built when its stage is over: by a row that no other round visits. */
const LEAVE_TO_REPORT = `
  update ${control}.armed_check
     set stage = 'REPORT', next_split_at = 'infinity', next_publish_at = 'infinity', next_check_at = 'infinity',
         next_sweep_at = 'infinity', outstanding = 0, due = 0, reserved = 0, reserved_at = null, marks = marks + 1
   where tenant = $1 and operation_id = $2 and next_report_at is not null`

const DISARM_STAGE = `
  delete from ${control}.armed_check where tenant = $1 and operation_id = $2 and next_report_at is null`
const DISARM_ALL = `delete from ${control}.armed_check where tenant = $1 and operation_id = $2`
const FORGET_SECRET = `delete from ${control}.stage_secret where tenant = $1 and operation_id = $2`

/** Takes over the row of a report that is being built, which goes on. */
export async function armStage(on: Transaction, tenant: string, operationId: string, stage: Stage): Promise<void> {
  await on.run(ARM_STAGE, [tenant, operationId, stage])
}

/** The stage is over: off the list, unless for its report, and its credentials with it. */
export async function disarmStage(on: Transaction, tenant: string, operationId: string): Promise<void> {
  await on.run(LEAVE_TO_REPORT, [tenant, operationId])
  await on.run(DISARM_STAGE, [tenant, operationId])
  await on.run(FORGET_SECRET, [tenant, operationId])
}

/** The operation itself is gone: nothing of it is visited any more. */
export async function disarmOperation(on: Transaction, tenant: string, operationId: string): Promise<void> {
  await on.run(DISARM_ALL, [tenant, operationId])
  await on.run(FORGET_SECRET, [tenant, operationId])
}
