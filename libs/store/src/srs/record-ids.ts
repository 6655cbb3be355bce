import type { EntityType } from '@marc-migrations/domain'
import { perSchema } from '../database/per-schema.ts'
import type { Queries } from '../database/database.ts'
import { linkedRecords } from './source-views.ts'

/** Keyset: no offset is ever counted, so the millionth page costs what the first one does. */
const nextIds = statements(
  (records) => `
  select r.id::text as id from ${records}
     and ($1::uuid is null or r.id > $1::uuid) and ($2::uuid is null or r.id <= $2::uuid)
   order by r.id limit $3`
)

const countRecords = statements((records) => `select count(*)::int as n from ${records}`)

const lastId = statements((records) => `select r.id::text as id from ${records} order by r.id desc limit 1`)

/** @param after exclusive, null = from the beginning; @param upTo inclusive, null = to the end */
export async function readNextIds(
  db: Queries,
  tenant: string,
  entityType: EntityType,
  bounds: { readonly after: string | null; readonly upTo: string | null },
  limit: number
): Promise<readonly string[]> {
  const rows = await db.again((on) =>
    on.rows<{ id: string }>(nextIds[entityType](tenant), [bounds.after, bounds.upTo, limit])
  )
  return rows.map(({ id }) => id)
}

export async function readCount(db: Queries, tenant: string, entityType: EntityType): Promise<number> {
  const [row] = await db.rows<{ n: number }>(countRecords[entityType](tenant))
  return row?.n ?? 0
}

export async function readLastId(db: Queries, tenant: string, entityType: EntityType): Promise<string | null> {
  const [row] = await db.again((on) => on.rows<{ id: string }>(lastId[entityType](tenant)))
  return row?.id ?? null
}

function statements(text: (records: string) => string): Readonly<Record<EntityType, (tenant: string) => string>> {
  return {
    authority: perSchema((s) => text(linkedRecords.authority(s))),
    instance: perSchema((s) => text(linkedRecords.instance(s)))
  }
}
