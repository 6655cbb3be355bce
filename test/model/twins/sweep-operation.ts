import type { ArmedStage } from '@marc-migrations/domain'
import { chunksOf, withRows } from '../state.ts'
import type { At, ChunkRow, ModelState, Outcome } from '../state.ts'
import { backOff } from './back-off.ts'
import { holderCrashed } from './holder-crashed.ts'

interface Swept {
  readonly expired: number
  readonly suspects: number
  readonly unclaimed: number
}

export function sweepOperation(state: ModelState, at: At, { operationId }: ArmedStage, republishMs: number): Outcome<Swept> {
  const isFree = someSlotIsFree(state, at.now)
  const gone = chunksOf(state, operationId)
    .filter((chunk) => isGone(chunk, at.now, republishMs, isFree))
    .map((chunk) => {
      const expired = chunk.leaseOwner !== null
      return { chunk, expired, suspect: expired && holderCrashed(state, chunk.leaseOwner, chunk.leaseUntil) }
    })
  const due = gone.map(({ chunk, expired, suspect }) => ({
    ...chunk,
    leaseOwner: null,
    leaseUntil: null,
    publishedAt: null,
    attempts: chunk.attempts + (suspect ? 1 : 0),
    publishSteps: chunk.publishSteps + (expired ? 0 : 1),
    nextAttemptAt: at.now + (suspect ? backOff(chunk.attempts + 1, at.random()) : 0)
  }))
  const expired = gone.filter((one) => one.expired).length
  const suspects = gone.filter((one) => one.suspect).length
  return { state: withRows(state, 'chunks', due), answer: { expired, suspects, unclaimed: gone.length - expired } }
}

function isGone(chunk: ChunkRow, now: number, republishMs: number, isFree: boolean): boolean {
  if (chunk.nextAttemptAt === null) return false
  if (chunk.leaseUntil !== null) return chunk.leaseUntil < now
  const stepMs = republishMs * 2 ** Math.min(chunk.publishSteps, 10)
  return isFree && chunk.publishedAt !== null && chunk.publishedAt < now - stepMs
}

function someSlotIsFree(state: ModelState, now: number): boolean {
  return Object.values(state.nodes).some(
    (node) =>
      node.leftAt === null &&
      node.crashedAt === null &&
      node.lastSeenAt > now - 3 * node.heartbeatMs &&
      node.busySlots < node.slots
  )
}
