import type { Logger } from '@marc-migrations/domain'
import { pino, type DestinationStream, type Logger as Pino } from 'pino'
import type { Config } from './config.ts'
import { redact } from './redact.ts'

type Fields = Readonly<Record<string, unknown>>

export type LogLevel = Config['logLevel']

/** A logger whose level may change while it runs, for it and all its children. */
export interface LeveledLogger extends Logger {
  setLevel(level: LogLevel): void
}

/**
 * One JSON line per event on stdout, whatever its texts hold: `time level msg service …`, `msg` being the event's name. Secrets are redacted by the name
 * of their field and by their look; an error goes in the field `err`.
 *
 * @param fields stand on every line, as `service` and `version`
 * @param destination another place for the lines
 */
export function createLogger(
  config: Pick<Config, 'logLevel'>,
  fields: Fields,
  destination?: DestinationStream
): LeveledLogger {
  const options = {
    // A child of pino keeps the level it was born with; ours all look at one gate.
    level: 'trace',
    base: null,
    hooks: { streamWrite: withoutControls },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    // pino's own serialiser would work over what `redact` has made of an error
    serializers: { err: (err: unknown) => err }
  }
  const root = destination === undefined ? pino(options) : pino(options, destination)
  const gate = { least: weightOf(config.logLevel) }
  const logger = over(root.child(clean(fields)), gate)
  return {
    ...logger,
    setLevel: (level) => {
      gate.least = weightOf(level)
    }
  }
}

function over(lines: Pino, gate: { readonly least: number }): Logger {
  const writer = (level: 'debug' | 'info' | 'warn' | 'error') => {
    const weight = weightOf(level)
    return (fields: Fields, event: string): void => {
      if (weight >= gate.least) lines[level](clean(fields), event)
    }
  }
  return {
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
    child: (fields) => over(lines.child(clean(fields)), gate)
  }
}

/** What JSON lets stand as it is, but a terminal obeys, takes for the end of a line, or shows in another order. */
const CONTROLS = /[\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

function withoutControls(line: string): string {
  return line.replace(CONTROLS, (sign) => `\\u${sign.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

const weightOf = (level: LogLevel): number => pino.levels.values[level] ?? 0
const clean = (fields: Fields) => redact(fields) as Record<string, unknown>
