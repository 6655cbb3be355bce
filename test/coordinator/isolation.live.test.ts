import { describe, expect } from 'vitest'
import { aPublishedOperation, armedOf, claimAll, LEASE_MS, mappedTally, reread } from '../support/store-fixtures.ts'
import { anApi, JSON_TYPE, test } from './api-fixture.ts'
import { remapping } from './stored-operations.ts'

const other = { 'x-okapi-tenant': 'college' }

describe('two tenants', () => {
  test('never see each other, whatever route is asked with the id of the other’s operation', async ({ api, stores }) => {
    const operation = await aPublishedOperation(stores, { ...remapping, chunks: 2 })
    const claims = await claimAll(stores, operation, 'w-1')
    for (const claim of claims) await stores.chunks.count(claim, mappedTally(claim, 8, 2))
    await stores.check.finalise(armedOf(operation), LEASE_MS)
    await stores.reports.request('diku', operation.id)
    const before = await reread(stores, operation)
    const ids = claims.map(({ chunkId }) => chunkId)
    const bodies: Readonly<Record<string, unknown>> = {
      'put /marc-migrations/{operationId}': { status: 'data_saving', allowRejected: true },
      'post /marc-migrations/{operationId}/retry': ids,
      'post /marc-migrations/{operationId}/save/retry': ids
    }

    const routes = await routesWith(api.url, '{operationId}')
    expect(routes.length).toBeGreaterThan(10)
    for (const { method, path } of routes) {
      const body = bodies[`${method} ${path}`]
      const answer = await api.ask(method.toUpperCase(), path.replace('{operationId}', operation.id), {
        headers: { ...other, ...(body === undefined ? {} : JSON_TYPE) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) })
      })
      // The contract has an empty page there, for an operation that is unknown.
      if (path.endsWith('/errors')) expect(answer).toMatchObject({ status: 200, json: { errorReports: [] } })
      else expect(answer.status, `${method} ${path}`).toBe(404)
    }
    expect(await reread(stores, operation)).toEqual(before)
    expect(await stores.reports.status('diku', operation.id)).toBe('IN_PROGRESS')
  })

  test('have lists of their own, and expiry and purge of the one leave the other', async ({ api, stores, db }) => {
    const operation = await aPublishedOperation(stores, remapping)
    await claimAll(stores, operation, 'w-1')
    await stores.nodes.register({ id: 'w-1', kind: 'worker', version: '1', host: 'h', pid: 7, slots: 4 }, 5000)
    await stores.sourceFiles.point('diku', { name: 'a.mrc', objectKey: 'k', etag: 'e', lengthBytes: 1, format: 'iso2709' })
    await db.query(`update diku_mod_marc_migrations.operation set start_time_mapping = now() - interval '30 days'`)
    const asked = async (path: string) => (await api.ask('GET', path, { headers: other })).json
    expect(await asked('/marc-migrations')).toEqual({ migrationOperations: [], totalRecords: 0 })
    expect(await asked('/marc-migrations/sources')).toEqual({ sources: [], totalRecords: 0 })
    expect(await asked('/marc-migrations/nodes')).toMatchObject({ nodes: [{ id: 'w-1', chunks: [] }] })

    await stores.control.cancel('diku', operation.id, 'cancelled')
    expect((await api.ask('POST', '/marc-migrations/expire', { headers: other })).status).toBe(202)
    expect((await api.post('/_/tenant', { module_to: '', purge: true }, other)).status).toBe(204)
    expect((await api.ask('GET', `/marc-migrations/${operation.id}`)).status).toBe(200)
    expect((await api.ask('POST', '/marc-migrations/expire')).status).toBe(202)
    expect((await api.ask('GET', `/marc-migrations/${operation.id}`)).status).toBe(404)
  })

  test('do not import each other’s files', async ({ stores }) => {
    await stores.sourceFiles.point('diku', { name: 'a.mrc', objectKey: 'k', etag: 'e', lengthBytes: 1, format: 'iso2709' })
    const api = await anApi(stores, { settings: { importEnabled: true } })
    try {
      const start = { entityType: 'authority', operationType: 'import', source: { name: 'a.mrc' } }
      expect((await api.post('/marc-migrations', start, other)).status).toBe(422)
    } finally {
      await api.close()
    }
  })
})

describe('a tenant that is purged', () => {
  test('is gone, may be purged again, and may be enabled anew with nothing in it', async ({ api, stores }) => {
    const operation = await aPublishedOperation(stores, remapping)
    for (const body of [{ module_from: 'mod-marc-migrations-3.1.0' }, { module_to: ' ', purge: true }]) {
      expect(await api.post('/_/tenant', body)).toMatchObject({ status: 204, text: '' })
    }
    expect((await api.ask('GET', `/marc-migrations/${operation.id}`)).status).toBe(400)
    expect((await api.post('/_/tenant', { module_to: 'mod-marc-migrations-3.1.0' })).status).toBe(204)
    expect((await api.ask('GET', '/marc-migrations')).json).toEqual({ migrationOperations: [], totalRecords: 0 })
  })

  test('is not when purge is false', async ({ api, stores }) => {
    const operation = await aPublishedOperation(stores, remapping)
    expect((await api.post('/_/tenant', { module_to: null, purge: false })).status).toBe(204)
    expect((await api.ask('GET', `/marc-migrations/${operation.id}`)).status).toBe(200)
  })
})

describe('expiry', () => {
  test('has no body, and needs none; a GET of that path asks for an operation of that id', async ({ api }) => {
    expect(await api.ask('POST', '/marc-migrations/expire')).toMatchObject({ status: 202, text: '' })
    expect((await api.ask('GET', '/marc-migrations/expire')).status).toBe(400)
    expect((await api.ask('DELETE', '/marc-migrations/expire')).status).toBe(405)
  })
})

async function routesWith(url: string, parameter: string): Promise<{ method: string; path: string }[]> {
  const { paths } = (await (await fetch(`${url}/openapi.json`)).json()) as { paths: Record<string, Record<string, unknown>> }
  return Object.entries(paths)
    .filter(([path]) => path.includes(parameter))
    .flatMap(([path, methods]) => Object.keys(methods).map((method) => ({ method, path })))
}
