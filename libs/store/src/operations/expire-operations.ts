import { isRunning } from '../control/stop-operation.ts'
import type { Transaction } from '../database/database.ts'
import { perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'
import { deleteOperation } from './delete-operation.ts'
import { lockOperation } from './lock-operation.ts'

/** Those that never began have no start, and stay. */
const EXPIRED_OPERATIONS = perSchema(
  (s) => `
  select id from ${s}.operation
   where start_time_mapping < (now() at time zone 'utc') - $1::int * interval '1 day'
     and status not in ('NEW', 'DATA_MAPPING', 'DATA_SAVING')
   order by start_time_mapping, id`
)

const HAS_BATCH_TABLES = perSchema((s) => `select to_regclass('${s}.batch_job_execution') is not null as has`)

/** In the order in which they name each other. */
const DELETE_BATCH_ROWS = perSchema(
  (s) => `
  with old as (
    select job_execution_id, job_instance_id from ${s}.batch_job_execution
     where last_updated < (now() at time zone 'utc') - $1::int * interval '1 day'
  ), steps as (
    select step_execution_id from ${s}.batch_step_execution where job_execution_id in (select job_execution_id from old)
  ), step_contexts as (
    delete from ${s}.batch_step_execution_context where step_execution_id in (select step_execution_id from steps)
  ), step_rows as (
    delete from ${s}.batch_step_execution where step_execution_id in (select step_execution_id from steps)
  ), contexts as (
    delete from ${s}.batch_job_execution_context where job_execution_id in (select job_execution_id from old)
  ), params as (
    delete from ${s}.batch_job_execution_params where job_execution_id in (select job_execution_id from old)
  ), executions as (
    delete from ${s}.batch_job_execution where job_execution_id in (select job_execution_id from old)
  )
  delete from ${s}.batch_job_instance i
   where i.job_instance_id in (select job_instance_id from old)
     and not exists (
       select 1 from ${s}.batch_job_execution e
        where e.job_instance_id = i.job_instance_id and e.job_execution_id not in (select job_execution_id from old)
     )`
)

/**
 * Deletes what is older than so many days, each operation in a transaction of its own: one that is mapped again at this moment is
 * spared. Rows of the module replaced, where it has run, go by the same age.
 *
 * @returns ids of the operations that are gone
 */
export async function expireOperations(
  context: StoreContext,
  tenant: string,
  { olderThanDays, deleteObjects }: { readonly olderThanDays: number; readonly deleteObjects: boolean }
): Promise<readonly string[]> {
  const { db, tenants } = context
  await tenants.require(tenant)
  const listed = await db.again((on) => on.rows<{ id: string }>(EXPIRED_OPERATIONS(tenant), [olderThanDays]))
  const gone: string[] = []
  for (const { id } of listed) {
    const deleted = await db.transaction(async (on) => {
      const operation = await lockOperation(on, tenant, id)
      if (operation === null || isRunning(operation)) return false
      await deleteOperation(context, on, operation, deleteObjects)
      return true
    })
    if (deleted) gone.push(id)
  }
  await db.again((on) => deleteBatchRows(on, tenant, olderThanDays))
  return gone
}

async function deleteBatchRows(on: Transaction, tenant: string, olderThanDays: number): Promise<void> {
  const [tables] = await on.rows<{ has: boolean }>(HAS_BATCH_TABLES(tenant))
  if (tables?.has === true) await on.run(DELETE_BATCH_ROWS(tenant), [olderThanDays])
}
