import { randomUUID } from 'node:crypto'
import { describe, expect } from 'vitest'
import { aMappedOperation, reread } from '../support/store-fixtures.ts'
import { errorsOf, JSON_TYPE, test, USER } from './api-fixture.ts'
import type { Answer } from './api-fixture.ts'
import { linkedRecords, putStatus, remapping } from './stored-operations.ts'

const AUTHORITY = { entityType: 'authority', operationType: 'remapping' }
const list = (answer: Answer) => answer.json as unknown as { migrationOperations: { id: string }[]; totalRecords: number }

describe('the tenant header', () => {
  test('a call without it is refused as text', async ({ api }) => {
    for (const path of [
      '/marc-migrations',
      `/marc-migrations/${randomUUID()}`,
      '/marc-migrations/no/such/path',
      '/_/tenant'
    ]) {
      const answer = await api.ask('GET', path, { headers: { 'x-okapi-tenant': '' } })
      expect(answer.status).toBe(400)
      expect(answer.headers.get('content-type')).toMatch(/^text\/plain/)
      expect(answer.text).toBe('x-okapi-tenant header must be provided\n')
    }
  })

  test('an operation of one tenant is unknown to another', async ({ api, stores }) => {
    const operation = await aMappedOperation(stores, remapping)
    const elsewhere = { 'x-okapi-tenant': 'college' }
    expect((await api.ask('GET', `/marc-migrations/${operation.id}`)).status).toBe(200)
    expect((await api.ask('GET', `/marc-migrations/${operation.id}`, { headers: elsewhere })).status).toBe(404)
    expect((await putStatus(api, operation.id, { status: 'data_saving' }, elsewhere)).status).toBe(404)
    expect(list(await api.ask('GET', '/marc-migrations', { headers: elsewhere })).totalRecords).toBe(0)
    expect((await reread(stores, operation)).status).toBe('DATA_MAPPING_COMPLETED')
  })

  test('header names are accepted in any letter case', async ({ api, db, stores }) => {
    await linkedRecords(db, stores)
    const headers = { 'x-okapi-tenant': '', 'x-okapi-user-id': '', 'X-OKAPI-TENANT': 'diku', 'X-Okapi-USER-id': USER }
    const answer = await api.post('/marc-migrations', AUTHORITY, headers)
    expect(answer.status).toBe(201)
  })
})

describe('the service', () => {
  test('a tenant is enabled, and enabled again', async ({ api }) => {
    const headers = { 'x-okapi-tenant': 'fresh_tenant' }
    expect((await api.ask('GET', '/marc-migrations', { headers })).status).toBe(400)
    for (const version of ['mod-marc-migrations-9.9.9', 'mod-marc-migrations-9.9.10']) {
      expect(await api.post('/_/tenant', { module_to: version }, headers)).toMatchObject({ status: 204, text: '' })
    }
    expect((await api.ask('GET', '/marc-migrations', { headers })).status).toBe(200)
  })

  test('health needs no tenant', async ({ api }) => {
    const answer = await api.ask('GET', '/admin/health', { headers: { 'x-okapi-tenant': '' } })
    expect(answer).toMatchObject({ status: 200, json: { status: 'UP' } })
  })

  test('every refusal in JSON has the list envelope', async ({ api }) => {
    const id = randomUUID()
    const refusals: readonly (readonly [string, string, (string | undefined)?, Record<string, string>?])[] = [
      ['GET', '/marc-migrations?limit=1001&offset=-3'],
      ['GET', '/marc-migrations/%zz'],
      ['GET', '/marc-migrations/'],
      ['GET', `/marc-migrations/${id}`],
      ['GET', `/marc-migrations/${id}/nothing`],
      ['DELETE', '/marc-migrations'],
      ['PUT', `/marc-migrations/${id}`, 'text', { 'content-type': 'text/plain' }],
      ['PUT', `/marc-migrations/${id}`, '{}', JSON_TYPE],
      ['POST', '/marc-migrations', '{', JSON_TYPE],
      ['POST', '/marc-migrations', JSON.stringify(AUTHORITY), { ...JSON_TYPE, 'x-okapi-user-id': '' }],
      ['POST', '/marc-migrations', '"'.padEnd(2_000_000, 'x'), JSON_TYPE],
      ['PUT', '/marc-migrations/sources/x', 'y'],
      ['POST', '/_/tenant', '[]', JSON_TYPE],
      ['POST', `/marc-migrations/${id}/error-report`],
      ['GET', '/marc-migrations', undefined, { 'x-okapi-tenant': 'nobody' }],
      ['GET', '/no/such/page'],
      ['PATCH', '/admin/health']
    ]
    for (const [method, path, body, headers = {}] of refusals) {
      const answer = await api.ask(method, path, { headers, ...(body === undefined ? {} : { body }) })
      expect(answer.status, `${method} ${path}`).toBeGreaterThanOrEqual(400)
      expect(answer.status, `${method} ${path}`).toBeLessThan(500)
      const { errors, total_records: total } = errorsOf(answer)
      expect(errors.length, `${method} ${path}`).toBeGreaterThanOrEqual(1)
      expect(total, `${method} ${path}`).toBe(errors.length)
    }
  })
})
