import type { ArmedStage } from '@marc-migrations/domain'
import { control } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

/**
 * Decided by one coordinator at a time; the arithmetic is in the function, so that the lock lasts one round
 * trip. What is outstanding it counts itself: a caller's count is from before it had the lock.
 */
const RESERVE_ROOM = `select ${control}.reserve_room($1, $2, $3) as granted`

export async function reserveRoom(
  { db }: StoreContext,
  { tenant, operationId }: ArmedStage,
  demand: { readonly due: number }
): Promise<number> {
  const [row] = await db.rows<{ granted: number }>(RESERVE_ROOM, [tenant, operationId, demand.due])
  return row?.granted ?? 0
}
