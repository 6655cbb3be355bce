import type { Operation } from '@marc-migrations/domain'
import type { Transaction } from '../database/database.ts'
import { perSchema } from '../database/per-schema.ts'
import { OPERATION_COLUMNS, toOperation } from './operation-row.ts'
import type { OperationRow } from './operation-row.ts'

/**
 * Always by a statement of its own, before anything is tested, and never `for update`: that would wait for every claim
 * that is just inserting its step, and claims for it.
 */
const LOCK_OPERATION = perSchema(
  (s) => `select ${OPERATION_COLUMNS} from ${s}.operation o where o.id = $1 for no key update`
)

/**
 * First statement of every transaction that touches an operation and rows below it. Locks are taken in this order
 * everywhere: operation, split range, chunk, step, armed row, save lock.
 */
export async function lockOperation(on: Transaction, tenant: string, id: string): Promise<Operation | null> {
  const [row] = await on.rows<OperationRow>(LOCK_OPERATION(tenant), [id])
  return row === undefined ? null : toOperation(tenant, row)
}
