-- Room in the window for one operation, decided one coordinator at a time.
--
-- The window is twice the slots of the workers seen in the last 30 s, never under 8, and 16 while there is none. What is published
-- goes first, whoever comes then: a small job waits for all of the window, which would be long behind sixteen chunks where there
-- are two or three slots. Tenants share it equally, then the operations of a tenant share its part; what one does not need goes
-- to the others.
create or replace function reserve_room(for_tenant text, for_operation uuid, now_due int) returns int
language plpgsql volatile set search_path from current as $$
declare
  seen_marks bigint;
  standing int;
  now_outstanding int;
  room int;
  taken int;
  tenant_share numeric;
  own_share numeric;
  granted int;
begin
  perform pg_advisory_xact_lock(hashtextextended('marc_migrations.window', 0));
  -- Grants and published chunks by one look: marking turns the one into the other. A grant that is not used within ten
  -- seconds is void, since its coordinator is dead.
  execute format(
    'select a.marks, case when a.reserved_at > clock_timestamp() - interval ''10 s'' then a.reserved else 0 end,
            (select count(*) from %I.operation_chunk
              where operation_id = $2 and next_attempt_at is not null and published_at is not null)::int
       from armed_check a
      where a.tenant = $1 and a.operation_id = $2 and a.stage <> ''REPORT''', lower(for_tenant) || '_mod_marc_migrations')
    into seen_marks, standing, now_outstanding using for_tenant, for_operation;
  if seen_marks is null then
    return 0;
  end if;
  update armed_check
     set outstanding = now_outstanding, due = now_due
   where tenant = for_tenant and operation_id = for_operation and marks = seen_marks;
  if now_due = 0 or (select paused from settings) then
    return 0;
  end if;

  select case when count(*) = 0 then 16 else greatest(8, 2 * sum(slots)) end into room
    from node
   where kind in ('worker', 'serve') and left_at is null and crashed_at is null
     and last_seen_at >= clock_timestamp() - interval '30 s';
  select coalesce(sum(outstanding + case when reserved_at > clock_timestamp() - interval '10 s' then reserved else 0 end), 0)
    into taken from armed_check;

  select fill_level(array_agg(demand), room) into tenant_share
    from (select sum(outstanding + due)::int as demand from armed_check group by tenant) per_tenant;
  select least(tenant_share, sum(outstanding + due)) into tenant_share from armed_check where tenant = for_tenant;
  select fill_level(array_agg(outstanding + due), ceil(tenant_share)::int) into own_share
    from armed_check where tenant = for_tenant;

  granted := greatest(0, least(ceil(own_share)::int - now_outstanding - standing, room - taken, now_due - standing));
  if granted > 0 then
    granted := take_tokens(granted);
  end if;
  update armed_check
     set reserved = standing + granted,
         reserved_at = case when standing > 0 then reserved_at when granted > 0 then clock_timestamp() end
   where tenant = for_tenant and operation_id = for_operation;
  return granted;
end
$$;
