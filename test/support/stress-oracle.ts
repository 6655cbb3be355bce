import type { TestDatabase } from './postgres.ts'
import { SCHEMA } from './store-fixtures.ts'

/** Tables and triggers that see every row as it changes, whoever changes it, in the transaction that does. */
const WITNESSES = `
  create schema oracle;
  create table oracle.status_move (operation_id uuid, was text, became text, control text);
  create table oracle.count_made (chunk_id uuid, stage text, epoch int, rules text, primary key (chunk_id, stage, epoch));
  create table oracle.fault (what text, about text);

  create function oracle.see_operation() returns trigger language plpgsql as $$
  begin
    if old.status <> new.status then
      insert into oracle.status_move values (new.id, old.status::text, new.status::text, new.control);
    end if;
    if old.chunking_sealed and not new.chunking_sealed then
      insert into oracle.fault values ('I4 unsealed', new.id::text);
    end if;
    if old.chunking_sealed
       and new.total_num_of_records - old.total_num_of_records <> new.drift_num_of_records - old.drift_num_of_records then
      insert into oracle.fault values ('I3 total moved without drift', new.id::text);
    end if;
    if (new.mapped_num_of_records < old.mapped_num_of_records or new.rejected_num_of_records < old.rejected_num_of_records)
       and not (new.status = 'DATA_MAPPING' and new.rules_hash is null) then
      insert into oracle.fault values ('I3 mapped or rejected fell outside of a retry', new.id::text);
    end if;
    if new.saved_num_of_records < old.saved_num_of_records
       and not (new.status = 'DATA_SAVING' and old.status <> 'DATA_SAVING') then
      insert into oracle.fault values ('I3 saved fell outside of a new saving', new.id::text);
    end if;
    if new.status <> old.status and new.status::text ~ '_(COMPLETED|FAILED)$' and new.stop_reason is null
       and (not new.chunking_sealed or exists (
         select 1 from ${SCHEMA}.operation_chunk where operation_id = new.id and next_attempt_at is not null)) then
      insert into oracle.fault values ('I4 ended with something open', new.id::text);
    end if;
    if new.status <> old.status and new.status = 'DATA_SAVING_COMPLETED' and exists (
         select 1 from ${SCHEMA}.operation_chunk
          where operation_id = new.id and (saved_epoch is null or saved_epoch < file_epoch)) then
      insert into oracle.fault values ('I4 saved without what was mapped last', new.id::text);
    end if;
    return new;
  end $$;
  create trigger see before update on ${SCHEMA}.operation for each row execute function oracle.see_operation();

  create function oracle.see_chunk() returns trigger language plpgsql as $$
  begin
    if new.epoch < old.epoch then
      insert into oracle.fault values ('I5 epoch fell', new.id::text);
    end if;
    if old.next_attempt_at is not null and new.next_attempt_at is null
       and new.status::text in (old.stage::text || '_COMPLETED', old.stage::text || '_FAILED') and old.status = old.stage then
      insert into oracle.count_made values (new.id, old.stage::text, old.epoch, new.rules_hash);
    end if;
    return new;
  end $$;
  create trigger see before update on ${SCHEMA}.operation_chunk for each row execute function oracle.see_chunk();`

export async function installOracle(db: TestDatabase): Promise<void> {
  await db.query(WITNESSES)
}

/** True at any moment, whatever is going on: counters are the sums of the shares, and leases are of the running stage. */
const SUMS_BROKEN = `
  select o.id, o.status::text, o.mapped_num_of_records as mapped, s.mapped as mapped_shares,
         o.rejected_num_of_records as rejected, s.rejected as rejected_shares, o.saved_num_of_records as saved,
         s.saved as saved_shares, o.total_num_of_records as total, s.records, s.strangers
    from ${SCHEMA}.operation o
    cross join lateral (
      select coalesce(sum(c.mapped_share), 0)::int as mapped, coalesce(sum(c.rejected_share), 0)::int as rejected,
             coalesce(sum(c.saved_share), 0)::int as saved, coalesce(sum(c.num_of_records), 0)::int as records,
             count(*) filter (where c.lease_owner is not null and (c.stage <> o.status or c.status <> o.status))::int as strangers
        from ${SCHEMA}.operation_chunk c
       where c.operation_id = o.id
    ) s
   where o.mapped_num_of_records <> s.mapped or o.rejected_num_of_records <> s.rejected
      or o.saved_num_of_records <> s.saved or s.strangers > 0
      or (o.chunking_sealed and (o.total_num_of_records <> s.records or s.mapped + s.rejected > o.total_num_of_records))
      or (o.status::text like 'DATA_SAVING%' and o.saved_num_of_records > o.total_num_of_records)`

/** Two operations of one entity type with a live saving lease at once. */
const SAVED_TOGETHER = `
  select o.entity_type, count(distinct o.id)::int as operations
    from ${SCHEMA}.operation o join ${SCHEMA}.operation_chunk c on c.operation_id = o.id
   where c.stage = 'DATA_SAVING' and c.lease_until > clock_timestamp()
   group by o.entity_type having count(distinct o.id) > 1`

export async function faultsNow(db: TestDatabase): Promise<string[]> {
  const sums = await db.query(SUMS_BROKEN)
  const savings = await db.query(SAVED_TOGETHER)
  return [
    ...sums.map((row) => `I3 ${JSON.stringify(row)}`),
    ...savings.map((row) => `two savings at once ${JSON.stringify(row)}`)
  ]
}

const ALLOWED_MOVES = new Set([
  'NEW>DATA_MAPPING',
  'NEW>DATA_MAPPING_FAILED',
  'DATA_MAPPING>DATA_MAPPING_COMPLETED',
  'DATA_MAPPING>DATA_MAPPING_FAILED',
  'DATA_MAPPING_COMPLETED>DATA_SAVING',
  'DATA_SAVING>DATA_SAVING_COMPLETED',
  'DATA_SAVING>DATA_SAVING_FAILED',
  // A user's retries.
  'DATA_MAPPING_COMPLETED>DATA_MAPPING',
  'DATA_MAPPING_FAILED>DATA_MAPPING',
  'DATA_SAVING>DATA_MAPPING',
  'DATA_SAVING_COMPLETED>DATA_MAPPING',
  'DATA_SAVING_FAILED>DATA_MAPPING',
  'DATA_SAVING_FAILED>DATA_SAVING'
])

/** What the witnesses saw all along, and what is left over once everything has ended. */
export async function faultsOfTheRun(db: TestDatabase): Promise<string[]> {
  const moves = await db.query<{ it: string }>('select distinct was || $1 || became as it from oracle.status_move', ['>'])
  const faults = await db.query<{ it: string }>(`select what || ' ' || about as it from oracle.fault`)
  const positions = await db.query<{ id: string }>(
    `select operation_id as id from ${SCHEMA}.operation_chunk group by 1 having count(*) <> count(distinct position)`
  )
  const stray = await db.query<{ id: string }>(
    `select c.id from ${SCHEMA}.operation_chunk c left join oracle.count_made m
        on m.chunk_id = c.id and m.stage = 'DATA_MAPPING' and m.epoch = c.file_epoch
      where c.mapped_share > 0 and (m.chunk_id is null or m.rules is distinct from c.rules_hash)`
  )
  return [
    ...moves.filter(({ it }) => !ALLOWED_MOVES.has(it)).map(({ it }) => `I8 ${it}`),
    ...faults.map(({ it }) => it),
    ...positions.map(({ id }) => `two chunks in one place ${id}`),
    ...stray.map(({ id }) => `I2 a file whose attempt was not counted, or by other rules ${id}`)
  ]
}

/** Rows that the end of every stage should have taken with it. */
export async function leftovers(db: TestDatabase): Promise<string[]> {
  const armed = await db.query(`select operation_id::text as it from marc_migrations_control.armed_check`)
  const locks = await db.query(
    `select operation_id::text as it from marc_migrations_control.save_lock where operation_id is not null`
  )
  const open = await db.query(`select id::text as it from ${SCHEMA}.operation_chunk where next_attempt_at is not null`)
  return [
    ...armed.map(({ it }) => `armed row left of ${it}`),
    ...locks.map(({ it }) => `save lock left of ${it}`),
    ...open.map(({ it }) => `chunk left open ${it}`)
  ]
}
