import type { Clock } from '@marc-migrations/domain'

export interface Beating {
  /** Aborts when a heartbeat failed: the group is rebalancing, or the broker does not answer. */
  readonly lost: AbortSignal
  stop(): Promise<void>
}

/** Beats for as long as a handler runs; the client itself would beat only between messages. */
export function keepBeating(beat: () => Promise<void>, everyMs: number, clock: Clock): Beating {
  const stopping = new AbortController()
  const lost = new AbortController()

  async function run(): Promise<void> {
    while (!stopping.signal.aborted && !lost.signal.aborted) {
      await clock.sleep(everyMs, stopping.signal)
      if (stopping.signal.aborted) return
      await beat().catch(() => lost.abort())
    }
  }
  const running = run()

  return {
    lost: lost.signal,
    stop: async () => {
      stopping.abort()
      await running
    }
  }
}
