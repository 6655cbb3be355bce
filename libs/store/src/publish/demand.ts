import type { ArmedStage } from '@marc-migrations/domain'
import { control, perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

/**
 * Published and due chunks, also noted on the armed row, where they weigh in the shares of the window. Nothing counts as due
 * that could not be published now: a paused operation, one without frozen rules, one that waits for the save lock.
 */
const DEMAND = perSchema(
  (s) => `
  with seen as (
    select (
             select marks from ${control}.armed_check where tenant = $1 and operation_id = $2
           ) as marks,
           (
             select count(*) from ${s}.operation_chunk
              where operation_id = $2 and next_attempt_at is not null and published_at is not null
           )::int as outstanding,
           (
             select count(*)
               from (
                 select 1
                   from ${s}.operation_chunk c join ${s}.operation o on o.id = c.operation_id
                  where c.operation_id = $2 and c.published_at is null and c.next_attempt_at <= now()
                    and o.control = 'run' and o.status = c.stage
                    and case o.status
                          when 'DATA_MAPPING' then o.rules_hash is not null
                          else not exists (
                            select 1 from ${control}.save_lock l
                             where l.tenant = $1 and l.entity_type = o.entity_type and l.operation_id is distinct from o.id
                               and (l.operation_id is not null or l.not_before > now())
                          )
                        end
                  limit $3
               ) due
           )::int as due
  ), noted as (
    update ${control}.armed_check a
       set outstanding = seen.outstanding, due = seen.due
      from seen
     where a.tenant = $1 and a.operation_id = $2 and a.marks = seen.marks
       and (a.outstanding, a.due) <> (seen.outstanding, seen.due)
  )
  select outstanding, due from seen`
)

export async function demandOf(
  { db, tenants }: StoreContext,
  { tenant, operationId }: ArmedStage,
  limit: number
): Promise<{ outstanding: number; due: number }> {
  await tenants.require(tenant)
  const [row] = await db.again((on) =>
    on.rows<{ outstanding: number; due: number }>(DEMAND(tenant), [tenant, operationId, limit])
  )
  return row ?? { outstanding: 0, due: 0 }
}
