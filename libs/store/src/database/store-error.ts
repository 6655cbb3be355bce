import { controlSchema, MigrationError } from '@marc-migrations/domain'

/** Node's and PostgreSQL's codes for "it did not answer, or could not": nobody's fault, and gone when the server is back. */
const OUTAGE_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  '25006', // read only: a standby, or a primary being switched over
  '25P03', // idle in transaction: this process stood still
  '25P04', // transaction timeout
  '40001', // rolled back by the server, nothing was done
  '40P01', // deadlock, likewise
  '55P03', // lock_timeout
  '57014', // statement_timeout
  '57P01', // shut down by an administrator
  '57P02', // crash shutdown
  '57P03', // starting up or shutting down
  '57P05' // idle session timeout
])
/** Connection failures, lack of resources (disk, memory, connections), system errors such as I/O. */
const OUTAGE_CLASSES = ['08', '53', '58']
/** What the driver throws without a code. */
const OUTAGE_MESSAGES =
  /connection terminated|connection ended|timeout exceeded when trying to connect|timeout expired|query read timeout|not queryable|client was closed/i

const SETTINGS: Readonly<Record<string, string>> = {
  '28000': 'DB_USERNAME, DB_PASSWORD',
  '28P01': 'DB_USERNAME, DB_PASSWORD',
  '3D000': 'DB_DATABASE'
}

/** True when the statement may have failed for the connection's sake: it was not refused for what it says. */
export function isOutage(error: unknown): boolean {
  if (error instanceof MigrationError) return error.code === 'STORE_UNAVAILABLE'
  if (error instanceof AggregateError) return error.errors.some(isOutage)
  if (!(error instanceof Error)) return false
  const code = codeOf(error)
  if (code === undefined) return OUTAGE_MESSAGES.test(error.message)
  return OUTAGE_CODES.has(code) || code in SETTINGS || (code.length === 5 && OUTAGE_CLASSES.includes(code.slice(0, 2)))
}

/** True when the server has answered and the session lives on; else the client is not fit for another statement. */
export function isAnswer(error: unknown): boolean {
  const code = error instanceof Error ? codeOf(error) : undefined
  return code !== undefined && /^[0-9A-Z]{5}$/.test(code) && !['08', '57', '25'].includes(code.slice(0, 2))
}

/** True when somebody said no: the host, that has no server, or a name server. It says nothing of connections there are. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof AggregateError) return error.errors.some(isRefusal)
  return error instanceof Error && ['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN'].includes(codeOf(error) ?? '')
}

/** A schema, a table or a function that is not there. */
const MISSING_CODES = ['3F000', '42P01', '42883']

/** The tenant's schema was there when the tenant was registered, and is not any more. */
export function isSchemaGone(error: unknown): boolean {
  return error instanceof MigrationError && error.code === 'TENANT_UNKNOWN' && error.facts['schema'] === 'gone'
}

/**
 * What the rest of the system knows: an outage with the settings to look at, a database that is not migrated, a tenant whose
 * schema was dropped. Anything else as it is.
 */
export function asStoreError(error: unknown, at: { readonly host: string; readonly port: number }): unknown {
  if (!(error instanceof Error) || error instanceof MigrationError) return error
  const code = codeOf(error)
  if (code !== undefined && MISSING_CODES.includes(code)) return missing(error)
  if (!isOutage(error)) return error
  const setting = (code === undefined ? undefined : SETTINGS[code]) ?? 'DB_HOST, DB_PORT'
  return new MigrationError('STORE_UNAVAILABLE', { host: at.host, port: at.port, setting, reason: code }, error)
}

function missing(error: Error): MigrationError {
  if (!error.message.includes(controlSchema)) return new MigrationError('TENANT_UNKNOWN', { schema: 'gone' }, error)
  return new MigrationError(
    'CONFIG_INVALID',
    { reason: 'the database is not migrated: run marc-migrations migrate-db' },
    error
  )
}

function codeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}
