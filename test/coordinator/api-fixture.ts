import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { Clock, ObjectStore, Stores } from '@marc-migrations/domain'
import { startOperation } from '@marc-migrations/flow'
import { sniffFormat } from '@marc-migrations/marc'
import { directoryStore } from '@marc-migrations/objects'
import { tableBus } from '@marc-migrations/store'
import type { HttpDeps } from '../../apps/coordinator/src/http/http-deps.ts'
import { buildHttp } from '../../apps/coordinator/src/http/server.ts'
import { silentLogger } from '../support/silent-logger.ts'
import { test as onStore } from '../support/store-fixtures.ts'

export const USER = 'b2f0a1c4-8f1e-4e0c-9d53-6f0d8a7e2c11'
export const JSON_TYPE = { 'content-type': 'application/json' }

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly text: string
  /** The parsed body; undefined when there is none. */
  readonly json: Record<string, never>
}

export interface ErrorBody {
  readonly errors: readonly {
    readonly message: string
    readonly type: string
    readonly code: string
    readonly parameters?: readonly { readonly key: string; readonly value: string }[]
  }[]
  readonly total_records: number
}

interface Request {
  readonly headers?: Record<string, string>
  readonly body?: string | Uint8Array
}

/** The API on a port of its own over a real database, asked over real HTTP. */
export interface Api {
  readonly url: string
  readonly port: number
  readonly deps: HttpDeps
  /** With the headers of tenant `diku` and a user, unless others are given; an empty one is left out. */
  ask(method: string, path: string, request?: Request): Promise<Answer>
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>
  close(): Promise<void>
}

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: (ms, signal) => delay(ms, undefined, signal === undefined ? {} : { signal }).catch(() => undefined)
}

export async function anApi(
  stores: Stores,
  change: { settings?: Partial<HttpDeps['settings']>; deps?: Partial<HttpDeps> } = {}
): Promise<Api> {
  const dir = await mkdtemp(join(tmpdir(), 'api-objects-'))
  const objects: ObjectStore = directoryStore({ dir, logger: silentLogger })
  const bus = tableBus({ chunks: stores.chunks, wake: stores.wake, clock: realClock, pollMs: 1000, logger: silentLogger })
  const deps: HttpDeps = {
    stores,
    objects,
    bus,
    logger: silentLogger,
    clock: realClock,
    newId: randomUUID,
    sniffFormat,
    checkOkapiUrl: () => {},
    startOperation: (request) =>
      startOperation(request, { ...stores, sources: () => stores.storedRecords, newId: randomUUID, logger: silentLogger }),
    ...change.deps,
    settings: {
      version: '1.2.3',
      subPath: 'test',
      maxRetryIds: 1000,
      importEnabled: false,
      expiry: { retentionDays: 7, deleteObjects: true },
      adapters: { broker: 'table', objects: 'directory', rules: 'default', postgres: 'external' },
      ...change.settings
    }
  }
  const http = buildHttp(deps)
  await http.listen({ host: '127.0.0.1', port: 0 })
  const { port } = http.server.address() as AddressInfo
  const url = `http://127.0.0.1:${port}`
  const api: Api = {
    url,
    port,
    deps,
    ask: (method, path, request) => ask(url + path, method, request),
    post: (path, body, headers = {}) =>
      ask(url + path, 'POST', { headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(body) }),
    close: async () => {
      await http.close()
      await bus.close(1000)
      await rm(dir, { recursive: true, force: true })
    }
  }
  return api
}

export async function ask(url: string, method: string, { headers = {}, body }: Request = {}): Promise<Answer> {
  const all = { 'x-okapi-tenant': 'diku', 'x-okapi-user-id': USER, ...headers }
  const sent = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''))
  const response = await fetch(url, { method, headers: sent, ...(body === undefined ? {} : { body }), redirect: 'manual' })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json') === true
  const json = (isJson && text !== '' ? JSON.parse(text) : undefined) as Answer['json']
  return { status: response.status, headers: response.headers, text, json }
}

/** A test with a database, its stores, and the API on them. */
export const test = onStore.extend<{ api: Api }>({
  api: async ({ stores }, use) => {
    const api = await anApi(stores)
    await use(api)
    await api.close()
  }
})

/** The error envelope of an answer. */
export function errorsOf(answer: Answer): ErrorBody {
  return answer.json as unknown as ErrorBody
}

/** The only error of an answer. */
export function errorOf(answer: Answer): ErrorBody['errors'][number] {
  const { errors } = errorsOf(answer)
  if (errors.length !== 1 || errors[0] === undefined) throw new Error(`not one error: ${answer.text}`)
  return errors[0]
}
