import type { EntityType, SourceRow } from '@marc-migrations/domain'
import { perSchema } from '../database/per-schema.ts'
import type { Queries } from '../database/database.ts'
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

/** All rows between two ids, both included, in id order; as many as there are now, whatever the chunk row says. */
export async function readWindow(
  db: Queries,
  tenant: string,
  entityType: EntityType,
  startRecordId: string,
  endRecordId: string
): Promise<readonly SourceRow[]> {
  return await db.again((on) => on.rows<SourceRow>(windows[entityType](tenant), [startRecordId, endRecordId]))
}
