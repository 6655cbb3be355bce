import type { Claim, Clock, Hint } from '@marc-migrations/domain'
import type { ProcessOutcome } from '@marc-migrations/flow'

/** Longer than another worker with a free slot takes to find a chunk in the table. */
const OTHERS_MS = 8_000
const REMEMBERED = 1_000

/** Leaves a chunk whose attempt ended badly here to other workers, for a while after it is on offer again. */
export interface OthersFirst {
  mayClaim(hint: Pick<Hint, 'chunkId'>): boolean
  note(claim: Pick<Claim, 'chunkId'>, outcome: ProcessOutcome): void
}

/**
 * Hints of one chunk come to one worker, since they go by the chunk: without this, a machine that is the cause itself would use
 * up all attempts alone. A hint that is refused here stays published; others find it in the table, and this worker too, later.
 */
export function othersFirst(clock: Clock): OthersFirst {
  /** Chunks that failed here, and when each was first on offer again. */
  const failed = new Map<string, number | undefined>()
  return {
    mayClaim: ({ chunkId }) => {
      if (!failed.has(chunkId)) return true
      const offeredAt = failed.get(chunkId) ?? clock.monotonic()
      failed.set(chunkId, offeredAt)
      return clock.monotonic() - offeredAt > OTHERS_MS
    },
    note: ({ chunkId }, outcome) => {
      failed.delete(chunkId)
      if (outcome === 'suspect') failed.set(chunkId, undefined)
      const [oldest] = failed.size > REMEMBERED ? failed.keys() : []
      if (oldest !== undefined) failed.delete(oldest)
    }
  }
}
