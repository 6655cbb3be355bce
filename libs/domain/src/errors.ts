/**
 * Every way the system fails, and what its caller may do.
 *
 * `http` answers the API. `kind` tells the worker: an `outage` is nobody's fault and uses up no attempt (the chunk goes back
 * to due and claiming stops until the store answers), a `suspect` uses one up, `final` is never tried again.
 */
export const errorCodes = {
  TENANT_MALFORMED: { http: 400, kind: 'final' },
  TENANT_UNKNOWN: { http: 400, kind: 'final' },
  TENANT_PURGED: { http: 503, kind: 'outage' },
  OPERATION_NOT_FOUND: { http: 404, kind: 'final' },
  SOURCE_NOT_FOUND: { http: 422, kind: 'final' },
  SOURCE_NAME_MALFORMED: { http: 400, kind: 'final' },
  SOURCE_EMPTY: { http: 422, kind: 'final' },
  SOURCE_UNREADABLE: { http: 422, kind: 'final' },
  SOURCE_CHANGED: { http: 409, kind: 'final' },
  IDEMPOTENCY_KEY_REUSED: { http: 422, kind: 'final' },
  OKAPI_URL_REFUSED: { http: 400, kind: 'final' },
  CREDENTIALS_MISSING: { http: 422, kind: 'final' },
  SINK_UNAVAILABLE: { http: 503, kind: 'outage' },
  RULES_UNAVAILABLE: { http: 503, kind: 'outage' },
  RULES_INVALID: { http: 422, kind: 'final' },
  STORE_UNAVAILABLE: { http: 503, kind: 'outage' },
  OBJECTS_UNAVAILABLE: { http: 503, kind: 'outage' },
  OBJECT_NOT_FOUND: { http: 404, kind: 'final' },
  OBJECTS_FULL: { http: 507, kind: 'outage' },
  BROKER_UNAVAILABLE: { http: 503, kind: 'outage' },
  MAPPER_CRASHED: { http: 500, kind: 'suspect' },
  DEADLINE_PASSED: { http: 500, kind: 'suspect' },
  LEASE_LOST: { http: 409, kind: 'final' },
  CONFIG_INVALID: { http: 500, kind: 'final' },
  INVARIANT_BROKEN: { http: 500, kind: 'final' }
} as const

export type ErrorCode = keyof typeof errorCodes
export type ErrorKind = (typeof errorCodes)[ErrorCode]['kind']

type Facts = Readonly<Record<string, string | number | boolean | null | undefined>>

/** Thrown where the fact is known. Callers branch on `code` or `kind`, never on the message. Facts hold no secrets. */
export class MigrationError extends Error {
  readonly code: ErrorCode
  readonly facts: Facts

  constructor(code: ErrorCode, facts: Facts, cause?: unknown) {
    const detail = Object.entries(facts)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}=${String(value)}`)
      .join(' ')
    super(detail === '' ? code : `${code}: ${detail}`, cause === undefined ? undefined : { cause })
    this.name = 'MigrationError'
    this.code = code
    this.facts = facts
  }

  get kind(): ErrorKind {
    return errorCodes[this.code].kind
  }

  get http(): number {
    return errorCodes[this.code].http
  }
}

/** What the worker may do about any thrown thing; what we did not throw ourselves is suspect. */
export function errorKind(error: unknown): ErrorKind {
  return error instanceof MigrationError ? error.kind : 'suspect'
}
