import type { ChunkStore, Clock, Hint, HintAnswer } from '@marc-migrations/domain'

/** A worker that has had a free slot for so long looks into the table itself, whatever hints come. */
const PATIENCE_MS = 1000
/** The same while hints are known to be wanting: long enough for one that is on its way. */
const SHORT_PATIENCE_MS = 25
/** For so long after the table had something for us. */
const WANTING_MS = 10_000
const LONGEST_WAIT_MS = 5000

export interface TableFloor {
  /** A slot is free again: look soon while hints are wanting. */
  slotFreed(): void
  stop(): void
}

/**
 * The floor under the broker: a dead broker, a paused partition or more workers than partitions never idle a worker.
 *
 * Finds published, unleased chunks in random order, so that idle workers do not fight for one row, and offers them as if a
 * message had come. That some hints come does not mean that enough do: those in the partitions of a worker that is gone, or that
 * may not claim, stand in the window until somebody takes them here. With nothing to find it looks less and less often.
 */
export function startTableFloor(options: {
  readonly chunks: Pick<ChunkStore, 'waiting'>
  readonly offer: (hint: Hint) => Promise<HintAnswer>
  /** Monotonic time since which there is a free slot; undefined while there is none, or the worker may not claim. */
  readonly freeSince: () => number | undefined
  readonly freeSlots: () => number
  /** The table could not be read. */
  readonly onFailure: (error: unknown) => void
  readonly clock: Clock
}): TableFloor {
  const { clock } = options
  let stopped = false
  let wantingUntil = 0
  let rest = new AbortController()

  const areWanting = (): boolean => clock.monotonic() < wantingUntil
  const patienceMs = (): number => (areWanting() ? SHORT_PATIENCE_MS : PATIENCE_MS)

  const look = async (): Promise<boolean> => {
    let taken = false
    for (const hint of await options.chunks.waiting(options.freeSlots())) {
      if ((await options.offer(hint)) === 'later') break
      taken = true
    }
    return taken
  }

  /** @returns how long to wait for the next look, in ms */
  const lookInTime = async (waitedMs: number): Promise<number> => {
    const since = options.freeSince()
    if (since === undefined) return PATIENCE_MS
    const leftMs = since + patienceMs() - clock.monotonic()
    if (leftMs > 0) return leftMs
    if (await look()) wantingUntil = clock.monotonic() + WANTING_MS
    return areWanting() ? PATIENCE_MS : Math.min(Math.max(waitedMs, PATIENCE_MS) * 2, LONGEST_WAIT_MS)
  }

  const looking = async (): Promise<void> => {
    let waitMs = PATIENCE_MS
    while (!stopped) {
      await clock.sleep(waitMs, rest.signal)
      rest = new AbortController()
      if (stopped) return
      waitMs = await lookInTime(waitMs).catch((error: unknown) => {
        options.onFailure(error)
        return Math.min(waitMs * 2, LONGEST_WAIT_MS)
      })
    }
  }
  void looking()
  return {
    slotFreed: () => {
      if (areWanting()) rest.abort()
    },
    stop: () => {
      stopped = true
      rest.abort()
    }
  }
}
