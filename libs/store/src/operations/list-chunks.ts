import type { ChunkPage, ChunkView } from '@marc-migrations/domain'
import { CHUNK_COLUMNS, toChunkView } from '../chunks/chunk-row.ts'
import type { ChunkRow } from '../chunks/chunk-row.ts'
import { perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

const WANTED = `
       c.operation_id = $1
   and case $2::text
         when 'open' then c.next_attempt_at is not null
         when 'failed' then c.status in ('DATA_MAPPING_FAILED', 'DATA_SAVING_FAILED')
         else true
       end`

const LIST_CHUNKS = perSchema(
  (s) => `
  select ${CHUNK_COLUMNS}
    from ${s}.operation_chunk c left join ${s}.operation_chunk_step s on s.id = c.step_id
   where ${WANTED}
   order by c.position, c.id
  offset $3 limit $4`
)

const COUNT_CHUNKS = perSchema((s) => `select count(*)::int as n from ${s}.operation_chunk c where ${WANTED}`)

export async function listChunks(
  { db, tenants }: StoreContext,
  tenant: string,
  operationId: string,
  page: ChunkPage
): Promise<{ chunks: readonly ChunkView[]; totalRecords: number }> {
  await tenants.require(tenant)
  const only = page.only ?? null
  const [counted] = await db.again((on) => on.rows<{ n: number }>(COUNT_CHUNKS(tenant), [operationId, only]))
  const rows = await db.again((on) => on.rows<ChunkRow>(LIST_CHUNKS(tenant), [operationId, only, page.offset, page.limit]))
  return { chunks: rows.map(toChunkView), totalRecords: counted?.n ?? 0 }
}
