import type { SplitRange } from '@marc-migrations/domain'
import { perSchema } from '../database/per-schema.ts'
import { lockOperation } from '../operations/lock-operation.ts'
import type { StoreContext } from '../store-context.ts'
import { maySplit } from './commit-page.ts'
import { sealOperation } from './seal-operation.ts'

const END_RANGE = perSchema(
  (s) => `
  update ${s}.split_range
     set cursor = $3, done = true, to_key = $3, end_position = next_position, lease_owner = null, lease_until = null
   where id = $1 and epoch = $2 and not done`
)

const POSITIONS = perSchema((s) => `select next_position, end_position from ${s}.split_range where id = $1 and epoch = $2`)

/** Each part gets positions of its own, far enough apart that it never runs into the next part's. */
const INSERT_PARTS = perSchema(
  (s) => `
  insert into ${s}.split_range (operation_id, from_key, to_key, next_position, end_position)
  select $1, p.from_key, p.to_key, $4::bigint + (p.place - 1) * $5::bigint, $4::bigint + p.place * $5::bigint
    from unnest($2::text[], $3::text[]) with ordinality as p (from_key, to_key, place)`
)

const POSITIONS_PER_PART = 1_000_000_000

export async function divideRange(
  { db, tenants }: StoreContext,
  tenant: string,
  range: SplitRange,
  cursor: string,
  parts: readonly { readonly from: string; readonly to: string | null }[]
): Promise<'divided' | 'fenced'> {
  await tenants.require(tenant)
  return await db.transaction(async (on) => {
    if (!maySplit(await lockOperation(on, tenant, range.operationId))) return 'fenced'
    type Row = { next_position: string; end_position: string }
    const [room] = await on.rows<Row>(POSITIONS(tenant), [range.id, range.epoch])
    if (room === undefined || (await on.run(END_RANGE(tenant), [range.id, range.epoch, cursor])) === 0) return 'fenced'
    const first = Number(room.next_position)
    const each = Math.min(POSITIONS_PER_PART, Math.floor((Number(room.end_position) - first) / Math.max(1, parts.length)))
    await on.run(INSERT_PARTS(tenant), [
      range.operationId,
      parts.map(({ from }) => from),
      parts.map(({ to }) => to),
      first,
      each
    ])
    await sealOperation(on, tenant, range.operationId)
    return 'divided'
  })
}
