import type { Claim, Hint, Operation, SavingWork, Stage } from '@marc-migrations/domain'
import { control, perSchema } from '../database/per-schema.ts'
import { toSource } from '../operations/operation-row.ts'
import type { SourceColumns } from '../operations/operation-row.ts'
import type { StoreContext } from '../store-context.ts'
import { ENTITY_COLUMNS, toEntities, toWindow, WINDOW_COLUMNS } from './chunk-row.ts'
import type { EntityColumns, WindowColumns } from './chunk-row.ts'

/**
 * One statement, which commits itself. The stage is read from the chunk, not from the operation: of a row that changed while
 * the statement ran only the locked one, the chunk, is read again. For the same reason a cancel takes `published_at` away.
 */
const CLAIM_CHUNK = perSchema(
  (s) => `
  with pick as (
    select c.id, c.stage, coalesce(c.step_id, gen_random_uuid()) as step_id,
           lower(o.entity_type) as entity_type, lower(o.operation_type) as operation_type,
           o.source_name, o.source_format, o.source_object_key, o.source_etag, o.source_length as file_length,
           o.publish_events, c.saving_unknown as outcome_unknown,
           extract(epoch from clock_timestamp() - o.silent_since)::float8 * 1000 as silent_for_ms
      from ${s}.operation_chunk c join ${s}.operation o on o.id = c.operation_id
     where c.id = $1 and o.id = $2 and o.control = 'run' and o.status = c.stage
       and c.next_attempt_at <= now() and c.published_at is not null
       and (c.lease_until is null or c.lease_until < now())
       and (c.stage <> 'DATA_MAPPING' or c.rules_hash = o.rules_hash)
       for no key update of c skip locked
  ), taken as (
    update ${s}.operation_chunk c
       set status = p.stage, step_id = p.step_id, epoch = c.epoch + 1, publish_steps = 0,
           prior = case when c.status in ('DATA_MAPPING', 'DATA_SAVING') then c.prior else c.status end,
           attempts = c.attempts
             + (c.lease_owner is not null and ${control}.holder_crashed(c.lease_owner, c.lease_until))::int,
           saving_unknown = c.saving_unknown or p.stage = 'DATA_SAVING',
           lease_owner = $3, lease_until = clock_timestamp() + $4::int * interval '1 ms'
      from pick p
     where c.id = p.id
    returning c.id, c.operation_id, c.step_id, c.stage, c.epoch, c.attempts, c.position, c.num_of_records, c.mapped_share,
              c.rules_hash, c.retry_reasons_name, ${WINDOW_COLUMNS}, ${ENTITY_COLUMNS}
  ), step as (
    insert into ${s}.operation_chunk_step
      (id, operation_id, operation_chunk_id, operation_step, status, step_start_time)
    select step_id, operation_id, id, stage::text::${s}.operationstep, 'IN_PROGRESS', clock_timestamp() at time zone 'utc'
      from taken
    on conflict (id) do update
      set status = 'IN_PROGRESS', step_start_time = excluded.step_start_time, step_end_time = null, num_of_errors = 0
  )
  select taken.*, p.entity_type, p.operation_type, p.source_name, p.source_format, p.source_object_key, p.source_etag,
         p.file_length, p.publish_events, p.outcome_unknown, p.silent_for_ms
    from taken join pick p on p.id = taken.id`
)

interface ClaimRow extends WindowColumns, EntityColumns, Omit<SourceColumns, 'source_length'> {
  readonly id: string
  readonly operation_id: string
  readonly step_id: string
  readonly stage: Stage
  readonly epoch: number
  readonly attempts: number
  readonly position: string
  readonly num_of_records: number
  readonly rules_hash: string | null
  readonly entity_type: Operation['entityType']
  readonly operation_type: Operation['operationType']
  readonly file_length: string | null
  readonly mapped_share: number
  readonly retry_reasons_name: string | null
  readonly publish_events: boolean | null
  readonly outcome_unknown: boolean
  readonly silent_for_ms: number | null
}

/** @returns null when the hint is stale: counted, fenced, paused, not due, not published, or leased by another */
export async function claimChunk(
  { db, tenants }: StoreContext,
  hint: Hint,
  worker: string,
  leaseMs: number
): Promise<Claim | null> {
  await tenants.require(hint.tenant)
  const params = [hint.chunkId, hint.operationId, worker, Math.round(leaseMs)]
  const [row] = await db.rows<ClaimRow>(CLAIM_CHUNK(hint.tenant), params)
  return row === undefined ? null : toClaim(hint.tenant, row)
}

function toClaim(tenant: string, row: ClaimRow): Claim {
  return {
    tenant,
    operationId: row.operation_id,
    chunkId: row.id,
    stepId: row.step_id,
    stage: row.stage,
    epoch: row.epoch,
    attempts: row.attempts,
    position: Number(row.position),
    recordCount: row.num_of_records,
    window: toWindow(row),
    rulesHash: row.rules_hash,
    entityType: row.entity_type,
    operationType: row.operation_type,
    source: toSource({ ...row, source_length: row.file_length }),
    saving: row.stage === 'DATA_SAVING' ? toSaving(row) : null
  }
}

function toSaving(row: ClaimRow): SavingWork {
  return {
    file: toEntities(row),
    recordCount: row.mapped_share,
    publishEvents: row.publish_events,
    retryReasonsKey: row.retry_reasons_name,
    outcomeUnknown: row.outcome_unknown,
    silentForMs: row.silent_for_ms
  }
}
