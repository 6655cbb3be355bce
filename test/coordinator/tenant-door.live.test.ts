import { once } from 'node:events'
import { connect } from 'node:net'
import type { Stores } from '@marc-migrations/domain'
import { describe, expect } from 'vitest'
import { anApi, errorOf, test as onApi } from './api-fixture.ts'
import type { Api } from './api-fixture.ts'

/** The API over stores that note every call, so that a test can say that none was made. */
const test = onApi.extend<{ calls: string[]; api: Api }>({
  calls: async ({}, use) => use([]),
  api: async ({ stores, calls }, use) => {
    const api = await anApi(noting(stores, calls))
    await use(api)
    await api.close()
  }
})

const malformed: readonly (readonly [string, string])[] = [
  ['a quote', "diku'"],
  ['a double quote', 'diku"'],
  ['a statement', 'diku; drop schema public cascade'],
  ['a comment', 'diku--'],
  ['a path', '../diku'],
  ['a percent escape', 'diku%27'],
  ['a NUL written out', 'diku\\0'],
  ['a dash', 'di-ku'],
  ['a dot', 'di.ku'],
  ['a blank inside', 'di ku'],
  ['letters of another script', 'дику'],
  ['a full-width letter', 'ｄiku'],
  ['a dotless i', 'dıku'],
  ['a combining accent', 'diku\u0301'],
  ['32 letters', 'd'.repeat(32)],
  ['4,000 letters', 'd'.repeat(4000)],
  ['two in one header', 'diku,college']
]

describe('a malformed tenant', () => {
  test.for(malformed)('%s ends at the door: 400 as text, no statement sent', async ([, tenant], { api, calls }) => {
    for (const path of ['/marc-migrations', '/marc-migrations/sources', '/_/tenant/1', '/marc-migrations/no/such/path']) {
      const answer = await askRaw(api.port, path, [`X-Okapi-Tenant: ${tenant}`])
      expect(answer).toMatch(/^HTTP\/1\.1 400 /)
      expect(answer.toLowerCase()).toContain('content-type: text/plain')
      expect(answer).toContain('x-okapi-tenant header must be 1 to 31 letters, digits or underscores')
    }
    expect(calls).toEqual([])
  })

  test('a header that is absent or blank ends there too', async ({ api, calls }) => {
    for (const headers of [[], ['X-Okapi-Tenant:'], ['X-Okapi-Tenant:   ']]) {
      expect(await askRaw(api.port, '/marc-migrations', headers)).toContain('x-okapi-tenant header must be provided\n')
    }
    expect(calls).toEqual([])
  })

  test('an encoded path is no way around the door', async ({ api, calls }) => {
    expect(await askRaw(api.port, '/%6darc-migrations', [])).toContain('x-okapi-tenant header must be provided')
    expect(await askRaw(api.port, '/marc-migrations/../marc-migrations', [])).toContain('header must be provided')
    expect(calls).toEqual([])
  })
})

describe('a well-formed tenant', () => {
  test('unknown here gets 400 in the envelope', async ({ api }) => {
    for (const path of ['/marc-migrations', '/marc-migrations/nodes', '/marc-migrations/sources', '/marc-migrations/abc']) {
      const answer = await api.ask('GET', path, { headers: { 'x-okapi-tenant': 'nobody' } })
      expect(answer.status, path).toBe(400)
      expect(errorOf(answer)).toMatchObject({ code: 'validation_error', type: 'ApiValidationException' })
      expect(errorOf(answer).message).toContain('POST /_/tenant')
    }
  })

  test('in another spelling of a registered one is refused, when asking and when enabling', async ({ api, stores }) => {
    for (const tenant of ['Diku', 'DIKU']) {
      const headers = { 'x-okapi-tenant': tenant }
      expect((await api.ask('GET', '/marc-migrations', { headers })).status).toBe(400)
      expect((await api.post('/_/tenant', { module_to: 'mod-marc-migrations-1.0.0' }, headers)).status).toBe(400)
    }
    expect(await stores.tenants.list()).toEqual(['college', 'diku'])
  })

  test('is taken from the first of repeated headers, blanks around it dropped', async ({ api }) => {
    const both = ['X-Okapi-Tenant:  diku ', 'X-Okapi-Tenant: nobody']
    expect(await askRaw(api.port, '/marc-migrations', both)).toMatch(/^HTTP\/1\.1 200 /)
    expect(await askRaw(api.port, '/marc-migrations', both.toReversed())).toMatch(/^HTTP\/1\.1 400 /)
  })

  test('may be left out where there is a default', async ({ stores }) => {
    const api = await anApi(stores, { settings: { defaultTenant: 'diku' } })
    try {
      expect(await askRaw(api.port, '/marc-migrations', [])).toMatch(/^HTTP\/1\.1 200 /)
      expect(await askRaw(api.port, '/marc-migrations', ['X-Okapi-Tenant: nobody'])).toMatch(/^HTTP\/1\.1 400 /)
    } finally {
      await api.close()
    }
  })
})

describe('paths without a tenant', () => {
  test('page, health, info and documents ask for none', async ({ api, calls }) => {
    for (const path of ['/', '/docs/', '/openapi.json', '/admin/info', '/admin/health/liveness']) {
      expect(await askRaw(api.port, path, []), path).toMatch(/^HTTP\/1\.1 (200|302) /)
    }
    expect(calls).toEqual([])
  })
})

/** Bytes as a client may send them, UTF-8 in headers included, which a library would refuse to. */
async function askRaw(port: number, path: string, headers: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.write([`GET ${path} HTTP/1.1`, 'Host: localhost', 'Connection: close', ...headers, '', ''].join('\r\n'))
  let text = ''
  for await (const piece of socket) text += String(piece)
  return text
}

/** The same stores; each call of any of their methods is noted first. */
function noting(stores: Stores, calls: string[]): Stores {
  const notingPart = (part: object, name: string): object =>
    new Proxy(part, {
      get(target, method) {
        const value: unknown = Reflect.get(target, method)
        if (typeof value !== 'function') return value
        return (...args: unknown[]) => {
          calls.push(`${name}.${String(method)}`)
          return (value as (...args: unknown[]) => unknown).apply(target, args)
        }
      }
    })
  const parts = Object.entries(stores).map(([name, part]: [string, unknown]) => {
    if (typeof part === 'object' && part !== null) return [name, notingPart(part, name)]
    return [name, part]
  })
  return Object.fromEntries(parts) as Stores
}
