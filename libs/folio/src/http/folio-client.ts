import { MigrationError } from '@marc-migrations/domain'
import { Agent } from 'undici'
import { exchange, type Exchange } from './exchange.ts'
import { guardedLookup } from './guarded-lookup.ts'
import { checkOkapiUrl, type OkapiAddress } from './okapi-url.ts'

/** Until an idle connection is closed, and the most a gateway may ask for. */
const KEEP_ALIVE_MS = 4_000
const KEEP_ALIVE_MAX_MS = 30_000
/** A busy connection is replaced after this, so that a name that moved is looked up again. */
const CONNECTION_LIFE_MS = 60_000

export interface FolioClientOptions {
  /** OKAPI_URL: for stages whose request had no `X-Okapi-Url`. */
  readonly okapiUrl: string
  /** OKAPI_URL_ALLOWED; any origin but link-local ones when absent. */
  readonly okapiUrlAllowed?: readonly string[] | undefined
  readonly connectTimeoutMs: number
  /** Of one try, from connection to whole answer. */
  readonly timeoutMs: number
}

export interface FolioCall {
  readonly method: 'GET' | 'POST'
  /** With its query; below the gateway's address. */
  readonly path: string
  readonly tenant: string
  /** Okapi headers of the request that started the stage. */
  readonly headers: Readonly<Record<string, string>>
  readonly body?: object
  /** Instead of the client's own. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

/** The connections of a process to FOLIO; for `folioRules` and `folioSink`. */
export interface FolioClient {
  /**
   * One try of one call.
   *
   * @throws {MigrationError} OKAPI_URL_REFUSED, CREDENTIALS_MISSING; the abort of the signal
   */
  ask(call: FolioCall): Promise<Exchange>
  /** Address of a call without anything secret, for messages. */
  place(call: Pick<FolioCall, 'method' | 'path' | 'headers'>): string
  /** Ends what still runs. */
  close(): Promise<void>
}

/**
 * Opens no connection before the first call and one for each call that runs at the same time, so that none waits for another; their
 * number is bounded by the slots of the process. Each is used again for a minute at most, and the gateway's name is looked up for each.
 *
 * @throws {MigrationError} CONFIG_INVALID for an OKAPI_URL that may not be called
 */
export function folioClient(options: FolioClientOptions): FolioClient {
  const fallback = ownAddress(options.okapiUrl)
  const agent = new Agent({
    connect: { timeout: options.connectTimeoutMs, lookup: guardedLookup },
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: KEEP_ALIVE_MAX_MS,
    clientTtl: CONNECTION_LIFE_MS,
    // One time limit holds for the whole call.
    headersTimeout: 0,
    bodyTimeout: 0
  })
  const addressOf = (headers: FolioCall['headers']): OkapiAddress => {
    const named = headers['x-okapi-url']?.trim() ?? ''
    return named === '' ? fallback : checkOkapiUrl(named, options.okapiUrlAllowed)
  }

  return {
    ask: async ({ method, path, tenant, headers, body, timeoutMs = options.timeoutMs, signal }) => {
      if (Object.keys(headers).length === 0) {
        const reason = 'nobody has asked for this stage through the API, so there is no token to call FOLIO with'
        throw new MigrationError('CREDENTIALS_MISSING', { tenant, reason })
      }
      const { origin, basePath } = addressOf(headers)
      const sent = { ...passedOn(headers, tenant), accept: 'application/json' }
      const request =
        body === undefined
          ? { headers: sent }
          : { headers: { ...sent, 'content-type': 'application/json' }, body: JSON.stringify(body) }
      const limits = signal === undefined ? { timeoutMs } : { timeoutMs, signal }
      return await exchange(agent, { origin, path: `${basePath}${path}`, method, ...request }, limits)
    },
    place: ({ method, path, headers }) => {
      const { origin, basePath } = addressOf(headers)
      return `${method} ${origin}${basePath}${path.replace(/\?.*/, '')}`
    },
    close: () => agent.destroy()
  }
}

function ownAddress(okapiUrl: string): OkapiAddress {
  try {
    return checkOkapiUrl(okapiUrl)
  } catch (error) {
    if (!(error instanceof MigrationError)) throw error
    throw new MigrationError('CONFIG_INVALID', { OKAPI_URL: `cannot be used: ${String(error.facts['reason'])}.` })
  }
}

/** Every Okapi header as it came, and the language; nothing else of what may be stored. */
function passedOn(headers: FolioCall['headers'], tenant: string): Record<string, string> {
  const passed = Object.entries(headers).filter(([name]) => name.startsWith('x-okapi-') || name === 'accept-language')
  return { 'x-okapi-tenant': tenant, ...Object.fromEntries(passed) }
}
