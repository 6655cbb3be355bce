-- What the saving stage adds. Every column has a default, and the function of the version before stays as it is: nodes of that
-- version go on while those of this one are started.

alter table operation
  -- Sent with every bulk call; null = the storage module gets no flag.
  add column if not exists publish_events boolean default true,
  -- Since when no call of this saving was answered; null while the storage module answers.
  add column if not exists silent_since timestamptz;

alter table operation_chunk
  -- A bulk call may have been applied without anyone hearing of it: set by the claim, cleared by a count that knows.
  add column if not exists saving_unknown boolean not null default false,
  -- Reasons of the saving before this one: only the records they name are sent again.
  add column if not exists retry_reasons_name text;

-- Counts one attempt: chunk, step and operation move together or not at all.
--
-- The operation is locked first and by a statement of its own, here as everywhere: a statement that locks and updates it at
-- once deadlocks with claims, and one that tests before it has the lock sees what was before.
--
-- Returns 'counted', 'before' when this very attempt was counted already (the answer to a commit that nobody heard), or
-- 'fenced' when another attempt, a retry, a cancel or other rules came first.
create or replace function count_chunk(
  of_operation uuid, of_chunk uuid, of_epoch int, of_stage operationstatus, of_rules text, good int, bad int,
  entities_name text, entities_length bigint, entities_sha256 text, rejected_name text, reasons_name text,
  outcome_unknown boolean, storage_answered boolean
) returns text
language plpgsql volatile set search_path from current as $$
declare
  changed int;
begin
  perform 1 from operation where id = of_operation for no key update;
  with held as (
    select c.id, c.num_of_records, c.saved_share, c.step_id
      from operation_chunk c
      join operation o on o.id = c.operation_id and o.status = of_stage
     where o.id = of_operation and c.id = of_chunk and c.epoch = of_epoch
       and c.status = of_stage and c.stage = of_stage and c.next_attempt_at is not null
       and (of_stage <> 'DATA_MAPPING' or c.rules_hash is not distinct from of_rules)
       for no key update of c
  ), counted as (
    update operation_chunk c
       set status = (of_stage::text || case when bad = 0 then '_COMPLETED' else '_FAILED' end)::operationstatus,
           num_of_records = case of_stage when 'DATA_MAPPING' then good + bad else c.num_of_records end,
           mapped_share = case of_stage when 'DATA_MAPPING' then good else c.mapped_share end,
           rejected_share = case of_stage when 'DATA_MAPPING' then bad else c.rejected_share end,
           saved_share = case of_stage when 'DATA_SAVING' then good else c.saved_share end,
           file_epoch = case of_stage when 'DATA_MAPPING' then of_epoch else c.file_epoch end,
           saved_epoch = case of_stage when 'DATA_SAVING' then of_epoch else c.saved_epoch end,
           entity_chunk_file_name = case of_stage when 'DATA_MAPPING' then entities_name else c.entity_chunk_file_name end,
           entity_length = case of_stage when 'DATA_MAPPING' then entities_length else c.entity_length end,
           entity_sha256 = case of_stage when 'DATA_MAPPING' then entities_sha256 else c.entity_sha256 end,
           saving_unknown = of_stage = 'DATA_SAVING' and outcome_unknown, retry_reasons_name = null,
           lease_owner = null, lease_until = null, next_attempt_at = null, published_at = null, prior = null
      from held
     where c.id = held.id
  ), step as (
    update operation_chunk_step s
       set status = (case when bad = 0 then 'COMPLETED' else 'FAILED' end)::stepstatus, num_of_errors = bad,
           entity_error_chunk_file_name = rejected_name, error_chunk_file_name = reasons_name,
           step_end_time = clock_timestamp() at time zone 'utc'
      from held
     where s.id = held.step_id
  )
  update operation o
     set mapped_num_of_records = o.mapped_num_of_records + case of_stage when 'DATA_MAPPING' then good else 0 end,
         rejected_num_of_records = o.rejected_num_of_records + case of_stage when 'DATA_MAPPING' then bad else 0 end,
         saved_num_of_records =
           o.saved_num_of_records + case of_stage when 'DATA_SAVING' then good - held.saved_share else 0 end,
         drift_num_of_records = o.drift_num_of_records
           + case of_stage when 'DATA_MAPPING' then good + bad - held.num_of_records else 0 end,
         -- Until the seal the total is the count of the source, then the sum of the chunk rows, drift and all.
         total_num_of_records = o.total_num_of_records
           + case when of_stage = 'DATA_MAPPING' and o.chunking_sealed then good + bad - held.num_of_records else 0 end,
         silent_since = case when storage_answered then null else o.silent_since end
    from held
   where o.id = of_operation;
  get diagnostics changed = row_count;
  if changed = 1 then
    return 'counted';
  end if;
  perform 1 from operation_chunk c
    where c.id = of_chunk
      and case of_stage when 'DATA_MAPPING' then c.file_epoch when 'DATA_SAVING' then c.saved_epoch end = of_epoch;
  return case when found then 'before' else 'fenced' end;
end
$$;
