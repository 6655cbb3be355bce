import { operationPrefix } from '@marc-migrations/domain'
import type { Operation } from '@marc-migrations/domain'
import { disarmOperation } from '../armed/arm-stage.ts'
import { releaseSaveLock } from '../control/save-lock.ts'
import type { Transaction } from '../database/database.ts'
import { perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'
import { leaveTombstones } from '../sweep/leave-tombstones.ts'

const ROWS_AT_ONCE = 10_000

/** Some rows at a time, since the statement would else take longer than one may. */
const someRowsOf = (table: string, condition: (schema: string) => string) =>
  perSchema(
    (s) => `
  delete from ${s}.${table} where id = any (array (select id from ${s}.${table} where ${condition(s)} limit ${ROWS_AT_ONCE}))`
  )

/**
 * Steps before chunks: a chunk with steps cannot be deleted. The module replaced has let steps name an operation other than
 * their chunk's.
 */
const DELETE_ROWS = [
  someRowsOf('operation_error', () => 'report_id = $1'),
  someRowsOf('operation_chunk_step', () => 'operation_id = $1'),
  someRowsOf(
    'operation_chunk_step',
    (s) => `operation_chunk_id in (select id from ${s}.operation_chunk where operation_id = $1)`
  ),
  someRowsOf('operation_chunk', () => 'operation_id = $1')
]

/** Ranges, report and keys go with it. */
const DELETE_OPERATION = perSchema((s) => `delete from ${s}.operation where id = $1`)

/**
 * Deletes an operation that does not run: a claim that has one of its chunks would wait for the operation, and this for the
 * chunk. Call it under the operation's lock.
 */
export async function deleteOperation(
  { subPath }: StoreContext,
  on: Transaction,
  { tenant, id }: Operation,
  deleteObjects: boolean
): Promise<void> {
  for (const deleteSome of DELETE_ROWS) while ((await on.run(deleteSome(tenant), [id])) === ROWS_AT_ONCE);
  await on.run(DELETE_OPERATION(tenant), [id])
  await disarmOperation(on, tenant, id)
  await releaseSaveLock(on, tenant, id, null)
  if (deleteObjects) await leaveTombstones(on, { tenant, id }, [operationPrefix(subPath, id)])
}
