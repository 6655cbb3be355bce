import type { Clock } from '@marc-migrations/domain'

const TICK_MS = 1_000
/** A tick that comes this late says that the process was held up, not that the broker was silent. */
const LATE_TICK_MS = 5_000

export interface LifeWatch {
  /** A sign of life. */
  seen(): void
  /** Time since the last one, in ms. */
  silentForMs(): number
  /** Resolves once the silence lasted longer than the limit; never after `stop`. */
  readonly silent: Promise<void>
  stop(): void
}

/** @param limitMs asked at each tick, since a rebalance may take longer than a fetch */
export function watchLife(limitMs: () => number, clock: Clock): LifeWatch {
  const stopping = new AbortController()
  let last = clock.monotonic()

  async function watch(): Promise<void> {
    let ticked = clock.monotonic()
    while (clock.monotonic() - last <= limitMs()) {
      await clock.sleep(TICK_MS, stopping.signal)
      if (stopping.signal.aborted) return new Promise(() => {})
      const now = clock.monotonic()
      if (now - ticked > LATE_TICK_MS) last = now
      ticked = now
    }
  }

  return {
    seen: () => {
      last = clock.monotonic()
    },
    silentForMs: () => clock.monotonic() - last,
    silent: watch(),
    stop: () => stopping.abort()
  }
}
