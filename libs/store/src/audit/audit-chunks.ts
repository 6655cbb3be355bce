import type { AuditChunk } from '@marc-migrations/domain'
import { CHUNK_COLUMNS, toChunkView } from '../chunks/chunk-row.ts'
import type { ChunkRow } from '../chunks/chunk-row.ts'
import { perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

const CHUNKS_AT_ONCE = 500

const NEXT_CHUNKS = perSchema(
  (s) => `
  select ${CHUNK_COLUMNS}, c.file_epoch,
         m.status as mapping_status, m.num_of_errors as mapping_errors,
         m.entity_error_chunk_file_name as mapping_rejected, m.error_chunk_file_name as mapping_reasons
    from ${s}.operation_chunk c
    left join ${s}.operation_chunk_step s on s.id = c.step_id
    left join lateral (
      select * from ${s}.operation_chunk_step
       where operation_chunk_id = c.id and operation_step = 'DATA_MAPPING'
       order by step_start_time desc limit 1
    ) m on true
   where c.operation_id = $1 and (c.position, c.id) > ($2::bigint, $3::uuid)
   order by c.position, c.id
   limit ${CHUNKS_AT_ONCE}`
)

interface AuditRow extends ChunkRow {
  readonly file_epoch: number | null
  readonly mapping_status: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED' | null
  readonly mapping_errors: number | null
  readonly mapping_rejected: string | null
  readonly mapping_reasons: string | null
}

export async function* auditChunks(
  { db, tenants }: StoreContext,
  tenant: string,
  operationId: string
): AsyncIterable<AuditChunk> {
  await tenants.require(tenant)
  let last = { position: -1, id: '00000000-0000-0000-0000-000000000000' }
  for (;;) {
    const rows = await db.rows<AuditRow>(NEXT_CHUNKS(tenant), [operationId, last.position, last.id])
    for (const row of rows) yield toAuditChunk(row)
    const end = rows.at(-1)
    if (end === undefined || rows.length < CHUNKS_AT_ONCE) return
    last = { position: Number(end.position), id: end.id }
  }
}

function toAuditChunk(row: AuditRow): AuditChunk {
  const mappingStep =
    row.mapping_status === null
      ? null
      : {
          status: row.mapping_status,
          errors: row.mapping_errors ?? 0,
          rejectedKey: row.mapping_rejected,
          reasonsKey: row.mapping_reasons
        }
  return { ...toChunkView(row), fileEpoch: row.file_epoch, mappingStep }
}
