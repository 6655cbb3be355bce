import type { ChunkStore, Clock, Hint, HintAnswer, Logger } from '@marc-migrations/domain'

/** A worker that has a free slot and heard of no chunk for so long looks into the table itself. */
const PATIENCE_MS = 1000
const LONGEST_WAIT_MS = 5000

/**
 * The floor under the broker: a dead broker, a paused partition or more workers than partitions never idle a worker.
 *
 * Finds published, unleased chunks in random order, so that idle workers do not fight for one row, and offers them as if a
 * message had come. Looks less often the longer there is nothing.
 */
export function startTableFloor(options: {
  readonly chunks: ChunkStore
  readonly offer: (hint: Hint) => Promise<HintAnswer>
  /** Monotonic time of the last hint; undefined while the worker may not claim. */
  readonly idleSince: () => number | undefined
  readonly freeSlots: () => number
  readonly clock: Clock
  readonly logger: Logger
}): { stop(): void } {
  const { clock, logger } = options
  const stopped = new AbortController()

  const look = async (): Promise<boolean> => {
    const since = options.idleSince()
    if (since === undefined || clock.monotonic() - since < PATIENCE_MS) return true
    let taken = false
    for (const hint of await options.chunks.waiting(options.freeSlots())) {
      if ((await options.offer(hint)) === 'later') break
      taken = true
    }
    return taken
  }

  const looking = async (): Promise<void> => {
    let waitMs = PATIENCE_MS
    while (!stopped.signal.aborted) {
      await clock.sleep(waitMs, stopped.signal)
      if (stopped.signal.aborted) return
      const busy = await look().catch((err: unknown) => {
        logger.debug({ err }, 'table-floor.failed')
        return false
      })
      waitMs = busy ? PATIENCE_MS : Math.min(waitMs * 2, LONGEST_WAIT_MS)
    }
  }
  void looking()
  return { stop: () => stopped.abort() }
}
