import type { Logger } from '@marc-migrations/domain'

/** For tests that look at what happens, not at what is logged. */
export const silentLogger: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLogger
}
