import type { Clock } from '@marc-migrations/domain'

const TICK_MS = 1_000
/** A tick that comes this late says that the process was held up, not that the broker was silent. */
const LATE_TICK_MS = 5_000

export interface LifeWatch {
  /** A sign of life. */
  seen(): void
  /** Time since the last one, in ms. */
  silentForMs(): number
  /** Begins the wait anew, without a sign of life. */
  postpone(): void
  /** Resolves once the silence is longer than the limit; never after `stop`. */
  untilSilent(): Promise<void>
  stop(): void
}

/** @param limitMs asked at each tick, since a rebalance may take longer than a fetch */
export function watchLife(limitMs: () => number, clock: Clock): LifeWatch {
  const stopping = new AbortController()
  let last = clock.monotonic()
  let waitingSince = last

  async function untilSilent(): Promise<void> {
    let ticked = clock.monotonic()
    while (clock.monotonic() - waitingSince <= limitMs()) {
      await clock.sleep(TICK_MS, stopping.signal)
      if (stopping.signal.aborted) return new Promise(() => {})
      const now = clock.monotonic()
      if (now - ticked > LATE_TICK_MS) waitingSince = now
      ticked = now
    }
  }

  return {
    seen: () => {
      last = clock.monotonic()
      waitingSince = last
    },
    postpone: () => {
      waitingSince = clock.monotonic()
    },
    silentForMs: () => clock.monotonic() - last,
    untilSilent,
    stop: () => stopping.abort()
  }
}
