import type { Logger } from '@marc-migrations/domain'
import closeWithGrace from 'close-with-grace'

const DRAIN_MS = 25_000
const HARD_EXIT_MS = 30_000

export interface Shutdown {
  /** Ends the process as SIGTERM does. */
  stop(reason: string): void
}

/**
 * Ends the process in order on SIGTERM, SIGINT, SIGHUP and the like: `close` has 25 s to drain, then the exit code is 0; after
 * 30 s, or at a second signal, it is 1 at once. A lost rejection or exception is logged and ends the process at once with 1:
 * what state it left is unknown, and leases take care of its work.
 *
 * @param close stops taking work, drains within the deadline and closes adapters in reverse order
 */
export function onShutdown(logger: Logger, close: (deadlineMs: number) => Promise<void>): Shutdown {
  let reason = 'requested'
  const options = {
    delay: HARD_EXIT_MS,
    logger: null,
    onTimeout: () => logger.error({ afterMs: HARD_EXIT_MS }, 'process.shutdown.timeout'),
    onSecondSignal: (signal: string) => logger.warn({ signal }, 'process.shutdown.forced'),
    onSecondError: (err: unknown) => logger.error({ err }, 'process.shutdown.failed')
  }
  const grace = closeWithGrace(options, async ({ err, signal }) => {
    if (err !== undefined) {
      logger.error({ err }, 'process.crashed')
      process.exit(1)
    }
    logger.info({ reason: signal ?? reason }, 'process.shutdown.started')
    await close(DRAIN_MS).catch((failure: unknown) => {
      logger.error({ err: failure }, 'process.shutdown.failed')
      throw failure
    })
    logger.info({}, 'process.shutdown.done')
  })
  return {
    stop: (why) => {
      reason = why
      grace.close()
    }
  }
}
