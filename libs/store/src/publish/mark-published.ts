import type { ArmedStage, Operation, PublishedChunk } from '@marc-migrations/domain'
import type { Transaction } from '../database/database.ts'
import { control, perSchema } from '../database/per-schema.ts'
import { takeSaveLock } from '../control/save-lock.ts'
import { lockOperation } from '../operations/lock-operation.ts'
import type { StoreContext } from '../store-context.ts'

/** A chunk to be mapped takes over the rules of this run; one to be saved keeps those it was mapped with. */
const MARK_PUBLISHED = perSchema(
  (s) => `
  with due as (
    select id
      from ${s}.operation_chunk
     where operation_id = $1 and stage = $2::${s}.operationstatus
       and published_at is null and next_attempt_at <= clock_timestamp()
     order by position
     limit $4
       for no key update skip locked
  )
  update ${s}.operation_chunk c
     set published_at = clock_timestamp(), rules_hash = coalesce($3, c.rules_hash)
    from due
   where c.id = due.id
  returning c.id, c.epoch`
)

/** The grant is used, or given back: what it reserved is outstanding now, or free. */
const NOTE_MARKED = `
  update ${control}.armed_check
     set outstanding = outstanding + $3::int, due = greatest(0, due - $3::int), reserved = greatest(0, reserved - $4::int),
         reserved_at = case when reserved > $4::int then reserved_at end, marks = marks + 1
   where tenant = $1 and operation_id = $2`

/**
 * Marks due chunks published, under the operation's lock: that serialises it with a retry, a freeze and a cancel, so no
 * chunk is ever published with the rules of the run before.
 */
export async function markPublished(
  { db, tenants }: StoreContext,
  { tenant, operationId }: ArmedStage,
  limit: number
): Promise<readonly PublishedChunk[]> {
  await tenants.require(tenant)
  return await db.transaction(async (on) => {
    const operation = await lockOperation(on, tenant, operationId)
    if (operation === null) return []
    const marked = (await mayPublish(on, operation)) ? await mark(on, operation, limit) : []
    await on.run(NOTE_MARKED, [tenant, operationId, marked.length, limit])
    return marked
  })
}

async function mark(on: Transaction, operation: Operation, limit: number): Promise<readonly PublishedChunk[]> {
  const { tenant, id, status, rulesHash } = operation
  const rules = status === 'DATA_MAPPING' ? rulesHash : null
  const rows = await on.rows<{ id: string; epoch: number }>(MARK_PUBLISHED(tenant), [id, status, rules, limit])
  return rows.map((row) => ({ chunkId: row.id, epoch: row.epoch }))
}

async function mayPublish(on: Transaction, operation: Operation): Promise<boolean> {
  if (operation.control !== 'run') return false
  if (operation.status === 'DATA_MAPPING') return operation.rulesHash !== null
  return operation.status === 'DATA_SAVING' && (await takeSaveLock(on, operation))
}
