import { once } from 'node:events'
import { connect } from 'node:net'
import type { Hint, Stores } from '@marc-migrations/domain'
import { describe, expect } from 'vitest'
import { anApi } from '../coordinator/api-fixture.ts'
import type { Api } from '../coordinator/api-fixture.ts'
import { aDraft, storesOn, test as onStore } from '../support/store-fixtures.ts'
import { aProxy } from '../support/store-proxy.ts'
import type { Proxy } from '../support/store-proxy.ts'

/** The API and its stores with a listener on the line to PostgreSQL: what was never said there was never asked. */
const test = onStore.extend<{ line: Proxy; watched: Stores; api: Api }>({
  line: async ({ db }, use) => {
    const line = await aProxy(db)
    await use(line)
    line.close()
  },
  watched: async ({ db, line }, use) => {
    const stores = await storesOn({ ...db, host: '127.0.0.1', port: line.port })
    await use(stores)
    await stores.close()
  },
  api: async ({ watched }, use) => {
    const api = await anApi(watched, { settings: { importEnabled: true } })
    await use(api)
    await api.close()
  }
})

const malformed: readonly string[] = [
  "diku'",
  'diku"',
  'diku; drop schema public cascade; --',
  "diku' or '1'='1",
  'diku"; select pg_sleep(60); --',
  'diku_mod_marc_migrations"."operation',
  '$$diku$$',
  '../diku',
  'diku/../college',
  'diku%00',
  'diku\0',
  'diku\\0',
  'diku\u2028',
  'дику',
  'dıku',
  'ｄiku',
  'd'.repeat(32),
  'd'.repeat(10_000),
  'di ku',
  'di-ku',
  'diku,college',
  '{diku}',
  '\u001b[31mdiku'
]

const asked = [
  ['GET', '/marc-migrations'],
  ['POST', '/marc-migrations'],
  ['GET', '/marc-migrations/00000000-0000-4000-8000-000000000000/chunks'],
  ['PUT', '/marc-migrations/sources/a.mrc'],
  ['POST', '/_/tenant']
] as const

describe('a tenant header that is no identifier', () => {
  test('is answered 400 on every kind of route, and not a byte goes to PostgreSQL', async ({ api, line }) => {
    await ask(api, 'GET', '/marc-migrations', 'diku')
    const before = line.said().length
    for (const tenant of malformed) {
      for (const [method, path] of asked) {
        expect(await ask(api, method, path, tenant), `${method} ${path} as ${tenant}`).toMatch(/^HTTP\/1\.1 (400|431) /)
      }
    }
    expect(line.said().length).toBe(before)
    await ask(api, 'GET', '/marc-migrations', 'diku')
    expect(line.said().length).toBeGreaterThan(before)
  })

  test('in a hint or a call of our own ends before PostgreSQL, too', async ({ watched, line }) => {
    await watched.ping()
    const before = line.said().length
    for (const tenant of malformed) {
      const hint: Hint = { v: 1, tenant, operationId: aDraft().id, chunkId: aDraft().id, step: 'DATA_MAPPING', attempt: 0 }
      for (const call of callsOf(watched, hint)) await expect(call).rejects.toMatchObject({ code: 'TENANT_MALFORMED' })
    }
    expect(line.said().length).toBe(before)
  })
})

test('Diku beside diku is 400: the register is asked with a bound value, no schema is named', async ({ api, line }) => {
  await ask(api, 'GET', '/marc-migrations', 'diku')
  const before = line.said().length
  for (const tenant of ['Diku', 'DIKU', 'dIKU']) {
    for (const [method, path] of asked) expect(await ask(api, method, path, tenant)).toMatch(/^HTTP\/1\.1 400 /)
  }
  const since = line.said().slice(before)
  expect(since).toContain('Diku')
  expect(since).not.toMatch(/diku_mod/i)
})

function callsOf(stores: Stores, hint: Hint): Promise<unknown>[] {
  const { tenant, operationId } = hint
  return [
    stores.chunks.claim(hint, 'worker', 1000),
    stores.operations.get(tenant, operationId),
    stores.operations.start(aDraft({ tenant })),
    stores.control.cancel(tenant, operationId, 'cancelled'),
    stores.tenants.register(tenant)
  ]
}

/** Bytes as they are, UTF-8 and control characters included, which a library would refuse to send. */
async function ask(api: Api, method: string, path: string, tenant: string): Promise<string> {
  const socket = connect(api.port, '127.0.0.1')
  await once(socket, 'connect')
  const head = ['Host: localhost', 'Connection: close', 'Content-Type: application/json', 'Content-Length: 19']
  socket.write([`${method} ${path} HTTP/1.1`, ...head, `X-Okapi-Tenant: ${tenant}`, '', '{"module_to":"x-1"}'].join('\r\n'))
  let text = ''
  for await (const piece of socket) text += String(piece)
  return text
}
