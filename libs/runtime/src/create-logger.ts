import type { Logger } from '@marc-migrations/domain'
import { pino, type DestinationStream, type Logger as Pino } from 'pino'
import type { Config } from './config.ts'
import { redact } from './redact.ts'

type Fields = Readonly<Record<string, unknown>>

/**
 * One JSON line per event on stdout: `time level msg service …`, `msg` being the event's name. Secrets are redacted by the name
 * of their field and by their look; an error goes in the field `err`.
 *
 * @param fields stand on every line, as `service` and `version`
 * @param destination another place for the lines
 */
export function createLogger(config: Pick<Config, 'logLevel'>, fields: Fields, destination?: DestinationStream): Logger {
  const options = {
    level: config.logLevel,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    // pino's own serialiser would work over what `redact` has made of an error
    serializers: { err: (err: unknown) => err }
  }
  const root = destination === undefined ? pino(options) : pino(options, destination)
  return over(root.child(clean(fields)))
}

function over(lines: Pino): Logger {
  return {
    debug: (fields, event) => {
      if (lines.isLevelEnabled('debug')) lines.debug(clean(fields), event)
    },
    info: (fields, event) => lines.info(clean(fields), event),
    warn: (fields, event) => lines.warn(clean(fields), event),
    error: (fields, event) => lines.error(clean(fields), event),
    child: (fields) => over(lines.child(clean(fields)))
  }
}

const clean = (fields: Fields) => redact(fields) as Record<string, unknown>
