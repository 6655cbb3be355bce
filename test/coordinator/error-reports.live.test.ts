import { randomUUID } from 'node:crypto'
import { chunkObjectNames } from '@marc-migrations/domain'
import type { Operation, Stores } from '@marc-migrations/domain'
import { systemClock } from '@marc-migrations/runtime'
import { describe, expect } from 'vitest'
import { reportRound } from '../../apps/coordinator/src/report-round.ts'
import { startRound } from '../../apps/coordinator/src/round.ts'
import { silentLogger } from '../support/silent-logger.ts'
import { aPublishedOperation, armedOf, claimAll, LEASE_MS, mappedTally } from '../support/store-fixtures.ts'
import { errorOf, test } from './api-fixture.ts'
import type { Api } from './api-fixture.ts'
import { remapping } from './stored-operations.ts'

const ID = '6a0f3c52-0d64-4d53-9a35-2b7f5f6f0a11'
const path = (id: string, rest = '') => `/marc-migrations/${id}/error-report${rest}`

describe('an error report', () => {
  test('is built in the background and read by chunk, then line', async ({ api, stores }) => {
    const operation = await aFailedOperation(api, stores)
    expect((await api.ask('GET', path(operation.id, '/status'))).json).toEqual({
      operationId: operation.id,
      status: 'not_started'
    })
    const end = startReports(api)
    try {
      expect(await api.ask('POST', path(operation.id))).toMatchObject({ status: 204, text: '' })
      await expect.poll(() => statusOf(api, operation), { timeout: 30_000 }).toBe('completed')
    } finally {
      await end()
    }
    const { chunks } = await stores.operations.chunks('diku', operation.id, { offset: 0, limit: 10 })
    const common = { operationId: operation.id, stage: 'DATA_MAPPING', chunkStatus: 'FAILED' }
    const errors = chunks.flatMap(({ id }) => [
      { ...common, chunkId: id, recordId: ID, errorMessage: ' first' },
      { ...common, chunkId: id, recordId: '<unknown>', errorMessage: 'second' }
    ])
    expect((await api.ask('GET', path(operation.id, '/errors'))).json).toEqual({ errorReports: errors })
    const page = await api.ask('GET', path(operation.id, '/errors?offset=1&limit=2'))
    expect(page.json).toEqual({ errorReports: errors.slice(1, 3) })
  })

  test('is complete at once where nothing has failed', async ({ api, stores }) => {
    const operation = await aPublishedOperation(stores, remapping)
    expect((await api.ask('POST', path(operation.id))).status).toBe(204)
    expect(await statusOf(api, operation)).toBe('completed')
    expect((await api.ask('GET', path(operation.id, '/errors'))).json).toEqual({ errorReports: [] })
  })

  test('of an unknown operation is not found, and its page is empty', async ({ api }) => {
    expect((await api.ask('POST', path(randomUUID()))).status).toBe(404)
    expect((await api.ask('GET', path(randomUUID(), '/status'))).status).toBe(404)
    const page = await api.ask('GET', path(randomUUID(), '/errors'))
    expect(page).toMatchObject({ status: 200, json: { errorReports: [] } })
  })

  test('is refused for an id that is no UUID, before the query is looked at', async ({ api }) => {
    for (const [method, rest] of [
      ['POST', ''],
      ['GET', '/status'],
      ['GET', '/errors?limit=abc']
    ] as const) {
      const answer = await api.ask(method, path('abc', rest))
      expect(answer.status).toBe(400)
      expect(errorOf(answer).message).toContain("Method parameter 'operationId'")
    }
  })

  test('comes in pages with the bounds of the list', async ({ api }) => {
    for (const [query, message] of [
      ['limit=abc', /^Method parameter 'limit'.*For input string: "abc"$/],
      ['limit=1001', /^getMigrationErrors\.limit must be less than or equal to 1000$/],
      ['offset=1001', /^getMigrationErrors\.offset must be less than or equal to 1000$/],
      ['offset=-1', /^getMigrationErrors\.offset must be greater than or equal to 0$/],
      ['limit=0', /^Limit cannot be negative or zero: 0$/]
    ] as const) {
      const answer = await api.ask('GET', path(randomUUID(), `/errors?${query}`))
      expect(answer.status, query).toBe(400)
      expect(errorOf(answer).message).toMatch(message)
    }
  })
})

/** Two chunks, each with two records rejected and a file that says why. */
async function aFailedOperation(api: Api, stores: Stores): Promise<Operation> {
  const operation = await aPublishedOperation(stores, { ...remapping, chunks: 2 })
  for (const claim of await claimAll(stores, operation)) {
    const reasonsKey = chunkObjectNames('test', claim).reasons
    await api.deps.objects.put(reasonsKey, Buffer.from(`${ID}, first\nsecond\n`))
    await stores.chunks.count(claim, { ...mappedTally(claim, 8, 2), reasonsKey })
  }
  await stores.check.finalise(armedOf(operation), LEASE_MS)
  return operation
}

/** What a coordinator does for reports, and nothing else of it. */
function startReports({ deps }: Api): () => Promise<void> {
  const common = { clock: systemClock, logger: silentLogger }
  const round = reportRound({ stores: deps.stores, objects: deps.objects, ...common })
  const times = { round: 'report', everyMs: 50, wokenMs: 50 }
  const end = startRound({ ...common, ...round, ...times, wakesOn: 'armed', wake: deps.stores.wake })
  return async () => {
    await round.close()
    await end()
  }
}

async function statusOf(api: Api, operation: Operation): Promise<unknown> {
  return (await api.ask('GET', path(operation.id, '/status'))).json['status']
}
