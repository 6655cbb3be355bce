import type { Operation } from '@marc-migrations/domain'
import type { Transaction } from '../database/database.ts'
import { control, perSchema } from '../database/per-schema.ts'

/**
 * Taken when it is free, the last fenced saving lease has run out, and nobody who waits longer is there. Who has it keeps it.
 */
const TAKE_SAVE_LOCK = perSchema(
  (s) => `
  insert into ${control}.save_lock as l (tenant, entity_type, operation_id, taken_at)
  select $1, $2, $3::uuid, clock_timestamp()
   where exists (select 1 from ${control}.save_lock where tenant = $1 and entity_type = $2 and operation_id = $3)
      or not exists (
           select 1
             from ${control}.armed_check a
             join ${control}.armed_check mine on mine.tenant = $1 and mine.operation_id = $3
             join ${s}.operation o on o.id = a.operation_id
            where a.tenant = $1 and a.stage = 'DATA_SAVING' and a.operation_id <> $3
              and o.entity_type = $2 and o.control = 'run' and o.status = 'DATA_SAVING'
              and (a.armed_at, a.operation_id) < (mine.armed_at, mine.operation_id)
         )
  on conflict (tenant, entity_type) do update set operation_id = excluded.operation_id, taken_at = excluded.taken_at
   where l.operation_id = excluded.operation_id or (l.operation_id is null and l.not_before <= clock_timestamp())`
)

/** Gives the lock up, if it is this operation's; the next owner starts not before the given time. */
const RELEASE_SAVE_LOCK = `
  update ${control}.save_lock
     set operation_id = null, taken_at = null, not_before = greatest(not_before, $3::timestamptz)
   where tenant = $1 and operation_id = $2`

/** @returns true when this operation may save now; call it under the operation's lock */
export async function takeSaveLock(on: Transaction, operation: Operation): Promise<boolean> {
  const { tenant, entityType, id } = operation
  return (await on.run(TAKE_SAVE_LOCK(tenant), [tenant, entityType.toUpperCase(), id])) === 1
}

/**
 * @param fencedUntil end of the last saving lease that was fenced: its holder may still be talking to the storage
 * @returns true when it had the lock
 */
export async function releaseSaveLock(
  on: Transaction,
  tenant: string,
  operationId: string,
  fencedUntil: Date | null
): Promise<boolean> {
  return (await on.run(RELEASE_SAVE_LOCK, [tenant, operationId, fencedUntil])) > 0
}
