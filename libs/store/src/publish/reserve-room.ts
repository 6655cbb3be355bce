import type { ArmedStage } from '@marc-migrations/domain'
import { control } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

/** Decided by one coordinator at a time; the arithmetic is in the function, so that the lock lasts one round trip. */
const RESERVE_ROOM = `select ${control}.reserve_room($1, $2, $3, $4) as granted`

export async function reserveRoom(
  { db }: StoreContext,
  { tenant, operationId }: ArmedStage,
  demand: { readonly outstanding: number; readonly due: number }
): Promise<number> {
  const [row] = await db.rows<{ granted: number }>(RESERVE_ROOM, [tenant, operationId, demand.outstanding, demand.due])
  return row?.granted ?? 0
}
