import type { ModelState } from '../state.ts'

/** Did the holder of a lapsed lease crash? Marked so, or silent without leaving while a steady node saw the database answer. */
export function holderCrashed(state: ModelState, owner: string, leaseUntil: number | null): boolean {
  const holder = state.nodes[owner]
  if (holder === undefined) return false
  if (holder.crashedAt !== null) return true
  if (holder.leftAt !== null || leaseUntil === null) return false
  if (holder.lastSeenAt >= leaseUntil - 2 * holder.heartbeatMs) return false
  return Object.values(state.nodes).some(
    (witness) => witness.steadySince <= holder.lastSeenAt && witness.lastSeenAt >= leaseUntil - 1.5 * witness.heartbeatMs
  )
}
