import type { ChunkStore, Clock, Hint, HintAnswer, Logger } from '@marc-migrations/domain'

/** A worker that has a free slot and heard of no chunk for so long looks into the table itself. */
const PATIENCE_MS = 1000
const LONGEST_WAIT_MS = 5000

export interface TableFloor {
  /** A slot is free again: look at once while the table keeps giving. */
  slotFreed(): void
  stop(): void
}

/**
 * The floor under the broker: a dead broker, a paused partition or more workers than partitions never idle a worker.
 *
 * Finds published, unleased chunks in random order, so that idle workers do not fight for one row, and offers them as if a
 * message had come. As long as there are some and no hint comes, every slot that frees takes the next; with nothing to find it
 * looks less and less often.
 */
export function startTableFloor(options: {
  readonly chunks: ChunkStore
  readonly offer: (hint: Hint) => Promise<HintAnswer>
  /** Monotonic time of the last hint; undefined while the worker may not claim. */
  readonly idleSince: () => number | undefined
  readonly freeSlots: () => number
  readonly clock: Clock
  readonly logger: Logger
}): TableFloor {
  const { clock, logger } = options
  let stopped = false
  let giving = false
  let rest = new AbortController()

  const look = async (): Promise<boolean> => {
    const since = options.idleSince()
    if (since === undefined || clock.monotonic() - since < PATIENCE_MS) return giving
    let taken = false
    for (const hint of await options.chunks.waiting(options.freeSlots())) {
      if ((await options.offer(hint)) === 'later') break
      taken = true
    }
    return taken
  }

  const looking = async (): Promise<void> => {
    let waitMs = PATIENCE_MS
    while (!stopped) {
      await clock.sleep(waitMs, rest.signal)
      rest = new AbortController()
      if (stopped) return
      giving = await look().catch((err: unknown) => {
        logger.debug({ err }, 'table-floor.failed')
        return false
      })
      waitMs = giving ? PATIENCE_MS : Math.min(waitMs * 2, LONGEST_WAIT_MS)
    }
  }
  void looking()
  return {
    slotFreed: () => {
      if (giving) rest.abort()
    },
    stop: () => {
      stopped = true
      rest.abort()
    }
  }
}
