import { once } from 'node:events'
import { connect } from 'node:net'
import { MigrationError } from '@marc-migrations/domain'
import type { Logger, Stores } from '@marc-migrations/domain'
import { describe, expect } from 'vitest'
import { anApi, errorOf, JSON_TYPE, test, USER } from './api-fixture.ts'
import type { Api } from './api-fixture.ts'
import { linkedRecords } from './stored-operations.ts'

const AUTHORITY = { entityType: 'authority', operationType: 'remapping' }
const TOKEN = 'canary-token-8d1f'

describe('what nothing answers to', () => {
  test('an unknown path is 404, a known one with another method 405 with those it has', async ({ api }) => {
    expect((await api.ask('GET', '/marc-migrations/a/b/c/d')).status).toBe(404)
    expect((await api.ask('GET', '/marc-migrations/')).status).toBe(404)
    const answer = await api.ask('DELETE', '/marc-migrations')
    expect(answer.status).toBe(405)
    expect(answer.headers.get('allow')).toBe('GET, HEAD, POST')
    expect(errorOf(answer).type).toBe('HttpRequestMethodNotSupportedException')
  })

  test('another media type is 415, an Accept without JSON 406 without a body', async ({ api }) => {
    for (const type of ['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'application/jsonx']) {
      const answer = await api.ask('POST', '/marc-migrations', { headers: { 'content-type': type }, body: '{}' })
      expect(answer.status, type).toBe(415)
      expect(errorOf(answer).type).toBe('HttpMediaTypeNotSupportedException')
    }
    for (const accept of ['text/html', 'application/json;q=0']) {
      expect(await api.ask('GET', '/marc-migrations', { headers: { accept } })).toMatchObject({ status: 406, text: '' })
    }
    for (const accept of ['text/html, */*;q=0.1', 'application/*', 'Application/JSON; charset=utf-8']) {
      expect((await api.ask('GET', '/marc-migrations', { headers: { accept } })).status, accept).toBe(200)
    }
  })

  test('a body over 1 MiB is 413, one nested deeper than 20 is 400', async ({ api }) => {
    const large = await api.ask('POST', '/marc-migrations', { headers: JSON_TYPE, body: `"${'x'.repeat(1_100_000)}"` })
    expect(large.status).toBe(413)
    expect(errorOf(large).code).toBe('validation_error')
    const brackets = await api.ask('POST', '/marc-migrations', { headers: JSON_TYPE, body: '['.repeat(500_000) })
    expect(brackets.status).toBe(400)
    const nested = `{"entityType":"authority","operationType":"remapping","x":${'['.repeat(20)}${']'.repeat(20)}}`
    const deep = await api.ask('POST', '/marc-migrations', { headers: JSON_TYPE, body: nested })
    expect(errorOf(deep).message).toBe('JSON parse error: nested deeper than 20')
  })

  test('bytes that are no JSON text are 400', async ({ api }) => {
    const latin1 = Buffer.from('{"entityType":"authority","operationType":"remapping","by":"Dvo\xf8\xe1k"}', 'latin1')
    const bodies = [latin1, '{"a":1} x', '{"entityType":{}}', '{"entityType":["authority"]}', '7']
    for (const body of bodies) {
      const answer = await api.ask('POST', '/marc-migrations', { headers: JSON_TYPE, body })
      expect(answer.status, String(body)).toBe(400)
      expect(errorOf(answer).type, String(body)).toBe('HttpMessageNotReadableException')
    }
  })

  test('what is no HTTP gets the same envelope', async ({ api }) => {
    const answer = await sayRaw(api, 'NONSENSE\r\n\r\n')
    expect(answer).toMatch(/^HTTP\/1\.1 400 /)
    expect(answer).toContain('"total_records":1')
    const headers = await sayRaw(api, `GET / HTTP/1.1\r\nHost: x\r\nX: ${'y'.repeat(20_000)}\r\n\r\n`)
    expect(headers).toMatch(/^HTTP\/1\.1 431 /)
  })
})

describe('starting', () => {
  test('needs the user, as a UUID, after everything else is right', async ({ api }) => {
    for (const [user, reason] of [
      ['', 'must be provided'],
      ['  ', 'must be provided'],
      ['somebody', 'must be a UUID']
    ] as const) {
      const answer = await api.post('/marc-migrations', AUTHORITY, { 'x-okapi-user-id': user })
      expect(answer.status).toBe(400)
      expect(errorOf(answer)).toMatchObject({ code: 'validation_error' })
      expect(errorOf(answer).message).toContain(`x-okapi-user-id header ${reason}`)
    }
    const both = await api.post('/marc-migrations', { entityType: 'authority' }, { 'x-okapi-user-id': '' })
    expect(both.status).toBe(422)
  })

  test('twice with one Idempotency-Key starts one operation and answers the same', async ({ api, db, stores }) => {
    await linkedRecords(db, stores)
    const key = { 'idempotency-key': 'monday' }
    const first = await api.post('/marc-migrations', AUTHORITY, key)
    const { operations } = await stores.operations.list('diku', { offset: 0, limit: 1 })
    await stores.control.cancel('diku', operations[0]?.id ?? '', 'cancelled')
    const second = await api.post('/marc-migrations', AUTHORITY, key)
    expect(second).toMatchObject({ status: 201, text: first.text })
    const other = await api.post('/marc-migrations', { ...AUTHORITY, entityType: 'instance' }, key)
    expect(other.status).toBe(422)
    expect((await stores.operations.list('diku', { offset: 0, limit: 10 })).totalRecords).toBe(1)
    const long = await api.post('/marc-migrations', AUTHORITY, { 'idempotency-key': 'k'.repeat(256) })
    expect(long.status).toBe(400)
  })
})

describe('while a store is away', () => {
  test('a request is answered 503 quickly, and health is DOWN', async ({ stores }) => {
    const api = await anApi(withoutDatabase(stores))
    try {
      const began = performance.now()
      const answer = await api.ask('GET', '/marc-migrations')
      expect(performance.now() - began).toBeLessThan(500)
      expect(answer.status).toBe(503)
      expect(answer.headers.get('retry-after')).toBe('2')
      expect(errorOf(answer)).toMatchObject({ code: 'service_error' })
      const health = await api.ask('GET', '/admin/health', { headers: { 'x-okapi-tenant': '' } })
      expect(health).toMatchObject({
        status: 503,
        json: { status: 'DOWN', components: { postgres: { status: 'DOWN' }, objects: { status: 'UP' } } }
      })
      expect((await api.ask('GET', '/admin/health/readiness')).status).toBe(503)
      expect((await api.ask('GET', '/admin/health/liveness')).status).toBe(200)
    } finally {
      await api.close()
    }
  })

  test('a component that swallows the question is DOWN after 2 s', async ({ stores }) => {
    const api = await anApi({ ...stores, ping: () => new Promise(() => {}) })
    try {
      const health = await api.ask('GET', '/admin/health')
      expect(health).toMatchObject({ status: 503, json: { components: { postgres: { status: 'DOWN' } } } })
    } finally {
      await api.close()
    }
  })

  test('a broker that is away leaves the service up: the table is the floor', async ({ api, stores }) => {
    const bus = Object.assign(Object.create(api.deps.bus) as typeof api.deps.bus, {
      health: () => Promise.resolve({ adapter: 'kafka', connected: false, detail: 'no broker answers' })
    })
    const other = await anApi(stores, { deps: { bus } })
    try {
      expect(await other.ask('GET', '/admin/health')).toMatchObject({
        status: 200,
        json: { status: 'UP', components: { broker: { status: 'DOWN', details: { error: 'no broker answers' } } } }
      })
    } finally {
      await other.close()
    }
  })
})

describe('the log', () => {
  test('has one line per answer, and neither token nor path nor header in it', async ({ stores }) => {
    const lines: { fields: Record<string, unknown>; event: string }[] = []
    const api = await anApi(stores, { deps: { logger: collecting(lines) } })
    try {
      const headers = { 'x-okapi-token': TOKEN, authorization: `Bearer ${TOKEN}` }
      await api.ask('GET', `/marc-migrations?query=${TOKEN}`, { headers })
      await api.post('/marc-migrations', { ...AUTHORITY, operationType: 'import', secret: TOKEN }, headers)
      await api.ask('GET', `/marc-migrations/${USER}/chunks`, { headers })
      await api.ask('GET', `/no/${TOKEN}`, { headers })
    } finally {
      await api.close()
    }
    const answered = lines.filter(({ event }) => event === 'http.answered').map(({ fields }) => fields)
    expect(answered).toMatchObject([
      { method: 'GET', route: '/marc-migrations', status: 200, tenant: 'diku' },
      { method: 'POST', route: '/marc-migrations', status: 422, tenant: 'diku' },
      { method: 'GET', route: '/marc-migrations/:operationId/chunks', status: 404, tenant: 'diku' },
      { method: 'GET', route: 'unmatched', status: 404 }
    ])
    expect(JSON.stringify(lines)).not.toContain(TOKEN)
  })
})

describe('facts about the service', () => {
  test('name version and adapters', async ({ api }) => {
    expect((await api.ask('GET', '/admin/info', { headers: { 'x-okapi-tenant': '' } })).json).toEqual({
      name: 'marc-migrations',
      version: '1.2.3',
      importEnabled: false,
      broker: { connected: true },
      adapters: { broker: 'table', objects: 'directory', rules: 'default', postgres: 'external' }
    })
  })

  test('of a tenant: disabling alone does nothing, and enabling is never pending', async ({ api, stores }) => {
    expect((await api.post('/_/tenant', { purge: false })).status).toBe(204)
    expect((await api.ask('DELETE', '/_/tenant/1')).status).toBe(204)
    expect((await api.ask('GET', '/_/tenant/1')).text).toBe('true')
    expect(await stores.tenants.list()).toContain('diku')
  })
})

/** Every question to the database fails as it does when there is none. */
function withoutDatabase(stores: Stores): Stores {
  const away = () => Promise.reject(new MigrationError('STORE_UNAVAILABLE', {}))
  return { ...stores, ping: away, tenants: { ...stores.tenants, require: away } }
}

function collecting(lines: { fields: Record<string, unknown>; event: string }[]): Logger {
  const note = (fields: Record<string, unknown>, event: string) => void lines.push({ fields, event })
  const logger: Logger = { debug: note, info: note, warn: note, error: note, child: () => logger }
  return logger
}

async function sayRaw(api: Api, text: string): Promise<string> {
  const socket = connect(api.port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write(text)
  let answer = ''
  for await (const piece of socket) answer += String(piece)
  return answer
}
