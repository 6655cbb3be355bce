import type { Claim } from '@marc-migrations/domain'
import { withRow } from '../state.ts'
import type { At, ModelState, Outcome } from '../state.ts'

export function renewLease(state: ModelState, { now }: At, claim: Claim, leaseMs: number): Outcome<boolean> {
  const chunk = state.chunks[claim.chunkId]
  const isHeld = chunk?.epoch === claim.epoch && chunk.leaseUntil !== null && chunk.leaseUntil > now
  if (!isHeld) return { state, answer: false }
  return { state: withRow(state, 'chunks', chunk.id, { ...chunk, leaseUntil: now + Math.round(leaseMs) }), answer: true }
}
