import type { LogLevel } from '../create-logger.ts'

/** Names as Spring's clients know them; what is off still tells that the process ends. */
const NAMES = {
  OFF: 'fatal',
  FATAL: 'fatal',
  ERROR: 'error',
  WARN: 'warn',
  INFO: 'info',
  DEBUG: 'debug',
  TRACE: 'trace'
} as const

export interface LoggerLevels {
  readonly names: readonly string[]
  all(configured: string | null): object
  shown(configured: string | null): object
  /** The level a body asks for, null for none; undefined for what is no level. */
  wanted(configuredLevel: unknown): LogLevel | null | undefined
}

/**
 * Log levels in the shape of Spring's loggers endpoint. There is one level for everything: whatever logger is named, it is ROOT.
 *
 * @param fallback the level while none is configured
 */
export function logLevels(fallback: LogLevel): LoggerLevels {
  const shown = (configured: string | null) => ({
    ...(configured === null ? {} : { configuredLevel: configured.toUpperCase() }),
    effectiveLevel: (configured ?? fallback).toUpperCase()
  })
  return {
    names: Object.keys(NAMES),
    shown,
    all: (configured) => ({ levels: Object.keys(NAMES), loggers: { ROOT: shown(configured) } }),
    wanted: (configuredLevel) => {
      if (configuredLevel === null) return null
      const name = typeof configuredLevel === 'string' ? configuredLevel.toUpperCase() : ''
      return Object.hasOwn(NAMES, name) ? NAMES[name as keyof typeof NAMES] : undefined
    }
  }
}
