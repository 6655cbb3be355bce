import type { Claim, EntityType, SourceRow } from '@marc-migrations/domain'
import { perSchema } from '../database/per-schema.ts'
import type { Queries, Transaction } from '../database/database.ts'
import type { StoreContext } from '../store-context.ts'
import { entityViews } from './source-views.ts'

/** `marc` as text: the driver does not parse what the mapper reads as text anyway. */
const rowsOf = ({ view, entityId }: { readonly view: string; readonly entityId: string }): ((tenant: string) => string) =>
  perSchema(
    (s) => `
  select marc_id::text as "marcId", ${entityId}::text as "recordId", marc::text as marc, state::text as state, version
    from ${s}.${view}
   where marc_id between $1::uuid and $2::uuid
   order by marc_id`
  )

const windows: Readonly<Record<EntityType, (tenant: string) => string>> = {
  authority: rowsOf(entityViews.authority),
  instance: rowsOf(entityViews.instance)
}

const SOURCE_POSITION = perSchema((s) => `select source_lsn::text as position from ${s}.operation where id = $1`)

/**
 * All rows between two ids, both included, in id order; as many as there are now, whatever the chunk row says. From the replica
 * when that has seen what the split saw, else from the primary.
 */
export async function readWindow(
  { db, replica }: Pick<StoreContext, 'db' | 'replica'>,
  { tenant, operationId, entityType }: Pick<Claim, 'tenant' | 'operationId' | 'entityType'>,
  startRecordId: string,
  endRecordId: string
): Promise<readonly SourceRow[]> {
  const read = (on: Transaction) => on.rows<SourceRow>(windows[entityType](tenant), [startRecordId, endRecordId])
  if (replica !== undefined) {
    const position = await sourcePosition(db, tenant, operationId)
    const there = position === null ? null : await replica.read(position, read)
    if (there !== null) return there.result
  }
  return await db.again(read)
}

/** Asked for after the claim: the page of the chunk was committed before it. */
async function sourcePosition(db: Queries, tenant: string, operationId: string): Promise<string | null> {
  const [row] = await db.again((on) => on.rows<{ position: string | null }>(SOURCE_POSITION(tenant), [operationId]))
  return row?.position ?? null
}
