import type { Tombstone } from '@marc-migrations/domain'
import { control } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

/** A minute for the one who takes it; if it dies with the work undone, the tombstone is due again. */
const TAKE_TOMBSTONES = `
  with due as (
    select id from ${control}.tombstone where due_at <= now() order by due_at limit $1 for no key update skip locked
  )
  update ${control}.tombstone t set due_at = now() + interval '1 minute'
    from due
   where t.id = due.id
  returning t.id, t.keys`

const BURY_TOMBSTONE = `delete from ${control}.tombstone where id = $1`

export async function takeTombstones({ db }: StoreContext, limit: number): Promise<readonly Tombstone[]> {
  return await db.rows<Tombstone>(TAKE_TOMBSTONES, [limit])
}

export async function buryTombstone({ db }: StoreContext, { id }: Tombstone): Promise<void> {
  await db.again((on) => on.run(BURY_TOMBSTONE, [id]))
}
