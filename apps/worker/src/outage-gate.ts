import type { Clock, Logger } from '@marc-migrations/domain'

const FIRST_PROBE_MS = 500
const LONGEST_PROBE_MS = 10_000

/**
 * Stops a worker from claiming while a store it needs is away, and lets it claim again once all of them answer.
 *
 * A chunk claimed during an outage could only fail; closing the gate is what makes an outage of ten minutes cost time and no
 * attempt.
 */
export interface OutageGate {
  isOpen(): boolean
  /** A store did not answer. Probes until all do. */
  trip(cause: unknown): void
  stop(): void
}

export function outageGate(options: {
  readonly probe: () => Promise<void>
  readonly onChange: () => void
  readonly clock: Clock
  readonly logger: Logger
}): OutageGate {
  const stopped = new AbortController()
  let open = true

  const probeUntilOpen = async (): Promise<void> => {
    for (let waitMs = FIRST_PROBE_MS; ; waitMs = Math.min(waitMs * 2, LONGEST_PROBE_MS)) {
      await options.clock.sleep(waitMs, stopped.signal)
      if (stopped.signal.aborted) return
      try {
        await options.probe()
        open = true
        options.logger.info({}, 'worker.claims-again')
        options.onChange()
        return
      } catch (err) {
        options.logger.debug({ err }, 'worker.store-still-away')
      }
    }
  }

  return {
    isOpen: () => open,
    trip: (cause) => {
      if (!open || stopped.signal.aborted) return
      open = false
      options.logger.warn({ err: cause }, 'worker.stops-claiming')
      options.onChange()
      void probeUntilOpen()
    },
    stop: () => stopped.abort()
  }
}
