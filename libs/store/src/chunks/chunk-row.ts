import type { ChunkView, ChunkWindow, OperationStatus, Stage, StoredFile } from '@marc-migrations/domain'

/** Columns of `operation_chunk c` that say where its records stand in the source. */
export const WINDOW_COLUMNS = `c.start_record_id, c.end_record_id, c.source_chunk_file_name, c.source_offset, c.source_length,
  c.first_record_index`

export interface WindowColumns {
  readonly start_record_id: string | null
  readonly end_record_id: string | null
  readonly source_chunk_file_name: string | null
  readonly source_offset: string | null
  readonly source_length: string | null
  readonly first_record_index: string | null
}

export function toWindow(row: WindowColumns): ChunkWindow {
  if (row.start_record_id !== null && row.end_record_id !== null) {
    return { kind: 'ids', startRecordId: row.start_record_id, endRecordId: row.end_record_id }
  }
  const firstRecordIndex = Number(row.first_record_index)
  if (row.source_offset !== null) {
    return { kind: 'bytes', offset: Number(row.source_offset), length: Number(row.source_length), firstRecordIndex }
  }
  return { kind: 'object', objectKey: row.source_chunk_file_name ?? '', firstRecordIndex }
}

/** The entity file as the count named it. */
export const ENTITY_COLUMNS = 'c.entity_chunk_file_name, c.entity_length, c.entity_sha256'

export interface EntityColumns {
  readonly entity_chunk_file_name: string | null
  readonly entity_length: string | null
  readonly entity_sha256: string | null
}

export function toEntities(row: EntityColumns): StoredFile | null {
  if (row.entity_chunk_file_name === null) return null
  return { key: row.entity_chunk_file_name, lengthBytes: Number(row.entity_length), sha256: row.entity_sha256 ?? '' }
}

/** Columns of a chunk as lists and auditors see it; its step is joined as `s`. */
export const CHUNK_COLUMNS = `
  c.id, c.operation_id, c.position, c.status, c.stage, c.num_of_records, c.mapped_share, c.rejected_share, c.saved_share,
  c.epoch, c.attempts, c.next_attempt_at is not null as open, c.lease_owner, c.rules_hash, ${WINDOW_COLUMNS}, ${ENTITY_COLUMNS},
  s.entity_error_chunk_file_name, s.error_chunk_file_name`

export interface ChunkRow extends WindowColumns, EntityColumns {
  readonly id: string
  readonly operation_id: string
  readonly position: string
  readonly status: OperationStatus
  readonly stage: Stage
  readonly num_of_records: number
  readonly mapped_share: number
  readonly rejected_share: number
  readonly saved_share: number
  readonly epoch: number
  readonly attempts: number
  readonly open: boolean
  readonly lease_owner: string | null
  readonly rules_hash: string | null
  readonly entity_error_chunk_file_name: string | null
  readonly error_chunk_file_name: string | null
}

export function toChunkView(row: ChunkRow): ChunkView {
  return {
    id: row.id,
    operationId: row.operation_id,
    position: Number(row.position),
    status: row.status,
    stage: row.stage,
    recordCount: row.num_of_records,
    mappedRecords: row.mapped_share,
    rejectedRecords: row.rejected_share,
    savedRecords: row.saved_share,
    epoch: row.epoch,
    attempts: row.attempts,
    open: row.open,
    leaseOwner: row.lease_owner,
    rulesHash: row.rules_hash,
    window: toWindow(row),
    entities: toEntities(row),
    rejectedKey: row.entity_error_chunk_file_name,
    reasonsKey: row.error_chunk_file_name
  }
}
