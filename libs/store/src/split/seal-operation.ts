import type { Transaction } from '../database/database.ts'
import { perSchema } from '../database/per-schema.ts'

/** Under the operation's lock and after the range was marked done, each a statement before this one. */
const SEAL_OPERATION = perSchema(
  (s) => `
  update ${s}.operation
     set chunking_sealed = true,
         total_num_of_records = (
           select coalesce(sum(num_of_records), 0)::int from ${s}.operation_chunk where operation_id = $1
         )
   where id = $1 and not chunking_sealed
     and not exists (select 1 from ${s}.split_range where operation_id = $1 and not done)`
)

/** @returns true when this call sealed it: the last range is done */
export async function sealOperation(on: Transaction, tenant: string, operationId: string): Promise<boolean> {
  return (await on.run(SEAL_OPERATION(tenant), [operationId])) === 1
}
