import { armReport } from '../armed/arm-report.ts'
import type { Transaction } from '../database/database.ts'
import { control, perSchema } from '../database/per-schema.ts'
import { LAST_POSITION } from '../operations/start-operation.ts'

/** Operations of the module replaced: ours have a range from their first moment, and each adopted one is sealed or gets one. */
const FOREIGN_OPERATIONS = perSchema(
  (s) => `
  select o.id from ${s}.operation o
   where not o.chunking_sealed and not exists (select 1 from ${s}.split_range r where r.operation_id = o.id)
   order by o.id
     for no key update`
)

const UNWRITTEN = `operation_step = 'DATA_MAPPING' and num_of_errors = 0`

/** The step of a stage that was begun last. */
const lastStep = (s: string, stage: string) => `
  left join lateral (
    select t.id, t.status, t.num_of_errors
      from ${s}.operation_chunk_step t
     where t.operation_chunk_id = c.id and t.operation_step = '${stage}'
     order by t.step_start_time desc nulls last limit 1
  )`

/**
 * What each chunk adds to the counters, from its steps. Results are uploaded at the end of a mapping: while one runs nothing
 * is there yet, whatever the chunk says, and it is mapped anew. What a mapping that failed has not come to is open, as after a
 * cancel. A saving goes on with what is not saved; of a call that nobody has heard the end of nobody knows what it did.
 */
const ADOPT_CHUNKS = perSchema(
  (s) => `
  with seen as (
    select c.id, o.status as running, m.id as mapping_step, v.id as saving_step,
           row_number() over (partition by c.operation_id order by c.start_record_id, c.id) - 1 as place,
           o.status not in ('NEW', 'DATA_MAPPING') and c.status not in ('NEW', 'DATA_MAPPING') as mapped,
           least(c.num_of_records, coalesce(m.num_of_errors, 0)) as errors,
           case when v.status in ('COMPLETED', 'FAILED') then greatest(0, c.num_of_records - v.num_of_errors) else 0 end as saved,
           o.status = 'DATA_SAVING' and v.status is distinct from 'COMPLETED' as unsaved,
           o.status = 'DATA_SAVING' or c.status in ('DATA_SAVING_COMPLETED', 'DATA_SAVING_FAILED') as in_saving,
           coalesce(v.status = 'IN_PROGRESS', false) as unheard
      from ${s}.operation_chunk c
      join ${s}.operation o on o.id = c.operation_id
      ${lastStep(s, 'DATA_MAPPING')} m on true
      ${lastStep(s, 'DATA_SAVING')} v on true
     where c.operation_id = any ($1)
  )
  update ${s}.operation_chunk c
     set position = seen.place,
         mapped_share = case when mapped then c.num_of_records - errors else 0 end,
         rejected_share = case when mapped then errors else 0 end,
         saved_share = case when unsaved then 0 else saved end,
         epoch = mapped::int, file_epoch = case when mapped then 1 end,
         entity_chunk_file_name = case when mapped and c.num_of_records > errors then c.entity_chunk_file_name end,
         status = (case
                     when unsaved then 'DATA_MAPPING_COMPLETED'
                     when running = 'DATA_SAVING' then 'DATA_SAVING_COMPLETED'
                     when not mapped then 'NEW'
                     else c.status::text
                   end)::${s}.operationstatus,
         stage = (case when mapped and in_saving then 'DATA_SAVING' else 'DATA_MAPPING' end)::${s}.operationstatus,
         step_id = case when mapped and in_saving then saving_step else mapping_step end,
         next_attempt_at = case when unsaved or not mapped then now() end,
         saving_unknown = unheard
    from seen
   where c.id = seen.id`
)

/**
 * A mapping step that rejected nothing was given names all the same; no such objects are there. Where a saving was answered
 * with one name of two, the other is the word null.
 */
const FORGET_UNWRITTEN = perSchema(
  (s) => `
  update ${s}.operation_chunk_step
     set entity_error_chunk_file_name = case when ${UNWRITTEN} then null else nullif(entity_error_chunk_file_name, 'null') end,
         error_chunk_file_name = case when ${UNWRITTEN} then null else nullif(error_chunk_file_name, 'null') end
   where operation_id = any ($1)`
)

/**
 * Once everything was mapped the split was at its end, whatever came and went since the count. Without chunks all stays as it
 * is.
 */
const ADOPT_OPERATIONS = perSchema(
  (s) => `
  with sums as (
    select o.id, count(c.id) as chunks, sum(c.num_of_records)::int as records, sum(c.mapped_share)::int as mapped,
           sum(c.rejected_share)::int as rejected, sum(c.saved_share)::int as saved
      from ${s}.operation o left join ${s}.operation_chunk c on c.operation_id = o.id
     where o.id = any ($1)
     group by o.id
  ), judged as (
    select sums.*, o.status in ('NEW', 'DATA_MAPPING', 'DATA_MAPPING_FAILED')
                     and (chunks = 0 or records <> o.total_num_of_records) as unsplit
      from sums join ${s}.operation o on o.id = sums.id
  )
  update ${s}.operation o
     set mapped_num_of_records = coalesce(j.mapped, o.mapped_num_of_records),
         rejected_num_of_records = coalesce(j.rejected, 0),
         saved_num_of_records = coalesce(j.saved, o.saved_num_of_records),
         chunking_sealed = not j.unsplit,
         total_num_of_records =
           case when j.unsplit then o.total_num_of_records else coalesce(j.records, o.total_num_of_records) end,
         status = (case when o.status = 'NEW' and j.chunks > 0 then 'DATA_MAPPING' else o.status::text end)
                  ::${s}.operationstatus,
         start_time_mapping = case when o.status = 'NEW' and j.chunks > 0
                              then coalesce(o.start_time_mapping, now() at time zone 'utc') else o.start_time_mapping end,
         created_at = coalesce(o.start_time_mapping at time zone 'utc', o.created_at)
    from judged j
   where o.id = j.id`
)

/** Where the split had not come to its end it goes on behind the last chunk. */
const ADD_RANGES = perSchema(
  (s) => `
  insert into ${s}.split_range (operation_id, cursor, next_position, end_position)
  select o.id, (array_agg(c.end_record_id::text order by c.end_record_id desc) filter (where c.id is not null))[1],
         count(c.id), ${LAST_POSITION}
    from ${s}.operation o left join ${s}.operation_chunk c on c.operation_id = o.id
   where o.id = any ($1) and not o.chunking_sealed
   group by o.id`
)

const HAS_BATCH_PARAMS = perSchema((s) => `select to_regclass('${s}.batch_job_execution_params') is not null as has`)

/** As the last saving of each operation was told; true where none was. */
const ADOPT_PUBLISH_EVENTS = perSchema(
  (s) => `
  update ${s}.operation o
     set publish_events = told.publish
    from (
      select distinct on (id.parameter_value)
             id.parameter_value as operation_id, lower(events.parameter_value) <> 'false' as publish
        from ${s}.batch_job_execution_params id
        join ${s}.batch_job_execution_params events
          on events.job_execution_id = id.job_execution_id and events.parameter_name = 'publishEvents'
       where id.parameter_name = 'operationId' and events.parameter_value is not null
       order by id.parameter_value, id.job_execution_id desc
    ) told
   where told.operation_id = o.id::text and o.id = any ($1)`
)

const ADD_REPORTS = perSchema(
  (s) => `
  insert into ${s}.operation_error_report (id, operation_id, status)
  select o.id, o.id, 'NOT_STARTED' from ${s}.operation o
   where o.id = any ($1) and not exists (select 1 from ${s}.operation_error_report r where r.operation_id = o.id)
  on conflict do nothing`
)

const ARM_RUNNING = perSchema(
  (s) => `
  insert into ${control}.armed_check (tenant, operation_id, stage)
  select $1, o.id, case o.status when 'DATA_SAVING' then 'DATA_SAVING' else 'DATA_MAPPING' end
    from ${s}.operation o
   where o.status in ('NEW', 'DATA_MAPPING', 'DATA_SAVING')
  on conflict do nothing`
)

const UNFINISHED_REPORTS = perSchema(
  (s) => `select operation_id as id from ${s}.operation_error_report where status = 'IN_PROGRESS'`
)

/**
 * Makes the operations of the module replaced our own: their chunks get places and shares, counters are the sums of these, and
 * what ran is armed and goes on. Call it in the transaction that registers the tenant; nobody works on it before.
 *
 * @returns how many operations were adopted
 */
export async function adoptOperations(on: Transaction, tenant: string): Promise<number> {
  const ids = (await on.rows<{ id: string }>(FOREIGN_OPERATIONS(tenant))).map(({ id }) => id)
  if (ids.length > 0) {
    const [params] = await on.rows<{ has: boolean }>(HAS_BATCH_PARAMS(tenant))
    for (const adopt of [ADOPT_CHUNKS, FORGET_UNWRITTEN, ADOPT_OPERATIONS, ADD_RANGES, ADD_REPORTS])
      await on.run(adopt(tenant), [ids])
    if (params?.has === true) await on.run(ADOPT_PUBLISH_EVENTS(tenant), [ids])
  }
  await on.run(ARM_RUNNING(tenant), [tenant])
  for (const { id } of await on.rows<{ id: string }>(UNFINISHED_REPORTS(tenant))) await armReport(on, tenant, id)
  return ids.length
}
