import type { Hint, Stage } from '@marc-migrations/domain'
import { control } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

/** Over the schemas of all armed operations, put together by the function. */
const WAITING_CHUNKS = `select tenant, operation_id, chunk_id, stage, epoch from ${control}.waiting_chunks($1)`

interface WaitingRow {
  readonly tenant: string
  readonly operation_id: string
  readonly chunk_id: string
  readonly stage: Stage
  readonly epoch: number
}

export async function waitingChunks({ db }: StoreContext, limit: number): Promise<readonly Hint[]> {
  const rows = await db.again((on) => on.rows<WaitingRow>(WAITING_CHUNKS, [limit]))
  return rows.map((row) => ({
    v: 1,
    tenant: row.tenant,
    operationId: row.operation_id,
    chunkId: row.chunk_id,
    step: row.stage,
    attempt: row.epoch
  }))
}
