import type { Control, FileFormat, FileSource, Operation, OperationStatus } from '@marc-migrations/domain'
import { control } from '../database/per-schema.ts'

/**
 * Columns of `operation o` as OperationRow has them. Times without a zone are UTC. Who waits for the right to save is armed, and its
 * armed row names the tenant whose lock it is.
 */
export const OPERATION_COLUMNS = `
  o.id, o.user_id, lower(o.entity_type) as entity_type, lower(o.operation_type) as operation_type, o.status, o.control,
  o.stop_reason, o.total_num_of_records, o.mapped_num_of_records, o.rejected_num_of_records, o.saved_num_of_records,
  o.drift_num_of_records, o.chunking_sealed, o.rules_hash, o.created_at, o.publish_events,
  case when o.status = 'DATA_SAVING' and o.control = 'run' then (
    select l.operation_id
      from ${control}.armed_check a join ${control}.save_lock l on l.tenant = a.tenant and l.entity_type = o.entity_type
     where a.operation_id = o.id and l.operation_id <> o.id
     limit 1
  ) end as waiting_for,
  o.source_name, o.source_format, o.source_object_key, o.source_etag, o.source_length,
  o.start_time_mapping at time zone 'utc' as start_time_mapping, o.end_time_mapping at time zone 'utc' as end_time_mapping,
  o.start_time_saving at time zone 'utc' as start_time_saving, o.end_time_saving at time zone 'utc' as end_time_saving`

export interface SourceColumns {
  readonly source_name: string | null
  readonly source_format: string | null
  readonly source_object_key: string | null
  readonly source_etag: string | null
  readonly source_length: string | null
}

export interface OperationRow extends SourceColumns {
  readonly id: string
  readonly user_id: string
  readonly entity_type: Operation['entityType']
  readonly operation_type: Operation['operationType']
  readonly status: OperationStatus
  readonly control: Control
  readonly stop_reason: string | null
  readonly total_num_of_records: number
  readonly mapped_num_of_records: number
  readonly rejected_num_of_records: number
  readonly saved_num_of_records: number
  readonly drift_num_of_records: number
  readonly chunking_sealed: boolean
  readonly rules_hash: string | null
  readonly publish_events: boolean | null
  readonly waiting_for: string | null
  readonly created_at: Date
  readonly start_time_mapping: Date | null
  readonly end_time_mapping: Date | null
  readonly start_time_saving: Date | null
  readonly end_time_saving: Date | null
}

export function toOperation(tenant: string, row: OperationRow): Operation {
  return {
    id: row.id,
    tenant,
    userId: row.user_id,
    entityType: row.entity_type,
    operationType: row.operation_type,
    status: row.status,
    control: row.control,
    stopReason: row.stop_reason,
    totalRecords: row.total_num_of_records,
    mappedRecords: row.mapped_num_of_records,
    rejectedRecords: row.rejected_num_of_records,
    savedRecords: row.saved_num_of_records,
    driftRecords: row.drift_num_of_records,
    chunkingSealed: row.chunking_sealed,
    rulesHash: row.rules_hash,
    source: toSource(row),
    publishEvents: row.publish_events,
    waitingFor: row.waiting_for,
    createdAt: row.created_at,
    startTimeMapping: row.start_time_mapping,
    endTimeMapping: row.end_time_mapping,
    startTimeSaving: row.start_time_saving,
    endTimeSaving: row.end_time_saving
  }
}

export function toSource(row: SourceColumns): FileSource | null {
  if (row.source_name === null) return null
  return {
    name: row.source_name,
    format: row.source_format as FileFormat,
    objectKey: row.source_object_key ?? '',
    etag: row.source_etag ?? '',
    lengthBytes: Number(row.source_length)
  }
}
