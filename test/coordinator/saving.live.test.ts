import { MigrationError } from '@marc-migrations/domain'
import type { Stores } from '@marc-migrations/domain'
import { describe, expect } from 'vitest'
import { aMappedOperation, aSavingOperation, reread } from '../support/store-fixtures.ts'
import { anApi, errorOf, test } from './api-fixture.ts'
import { aRejectingOperation, putStatus, remapping } from './stored-operations.ts'

describe('what a PUT says of the events', () => {
  for (const [said, kept] of [
    [{}, true],
    [{ publishEvents: true }, true],
    [{ publishEvents: false }, false],
    [{ publishEvents: null }, null]
  ] as const) {
    test(`${JSON.stringify(said)} is kept as ${String(kept)}`, async ({ api, stores }) => {
      const operation = await aMappedOperation(stores, remapping)
      expect((await putStatus(api, operation.id, { status: 'data_saving', ...said })).status).toBe(204)
      expect((await reread(stores, operation)).publishEvents).toBe(kept)
    })
  }

  test('anything but a boolean is refused, before a missing status is', async ({ api, stores }) => {
    const operation = await aMappedOperation(stores, remapping)
    const answer = await putStatus(api, operation.id, { publishEvents: 'perhaps' })
    expect(answer.status).toBe(400)
    expect(errorOf(answer).type).toBe('HttpMessageNotReadableException')
  })
})

describe('saving although records were rejected', () => {
  test('is refused unless it is asked for', async ({ api, stores }) => {
    const operation = await aRejectingOperation(stores)
    for (const allowRejected of [false, null]) {
      const answer = await putStatus(api, operation.id, { status: 'data_saving', allowRejected })
      expect(answer.status).toBe(422)
      expect(errorOf(answer).message).toContain('Not allowed data save action')
    }
    expect((await putStatus(api, operation.id, { status: 'data_saving', allowRejected: true })).status).toBe(204)
    expect((await reread(stores, operation)).status).toBe('DATA_SAVING')
  })

  test('is refused after a mapping that was cancelled', async ({ api, stores }) => {
    const operation = await aRejectingOperation(stores)
    await stores.control.retryMapping('diku', operation.id, null)
    await stores.control.cancel('diku', operation.id, 'cancelled')
    const answer = await putStatus(api, operation.id, { status: 'data_saving', allowRejected: true })
    expect(answer.status).toBe(422)
    expect(errorOf(answer).parameters).toEqual([{ key: 'status', value: 'DATA_MAPPING_FAILED' }])
  })
})

describe('a saving that another comes before', () => {
  test('waits, and shows what for', async ({ api, stores }) => {
    const first = await aSavingOperation(stores, remapping)
    const second = await aMappedOperation(stores, remapping)
    expect((await putStatus(api, second.id, { status: 'data_saving' })).status).toBe(204)
    expect((await api.ask('GET', `/marc-migrations/${second.id}`)).json).toMatchObject({
      status: 'data_saving',
      waitingFor: { operationId: first.id }
    })
    expect((await api.ask('GET', `/marc-migrations/${first.id}`)).json).not.toHaveProperty('waitingFor')
  })

  test('PUT is refused while it saves, and after it failed', async ({ api, stores }) => {
    const operation = await aSavingOperation(stores, remapping)
    expect(errorOf(await putStatus(api, operation.id, { status: 'data_saving' })).parameters).toEqual([
      { key: 'status', value: 'DATA_SAVING' }
    ])
    await stores.control.cancel('diku', operation.id, 'cancelled')
    expect(errorOf(await putStatus(api, operation.id, { status: 'data_saving' })).parameters).toEqual([
      { key: 'status', value: 'DATA_SAVING_FAILED' }
    ])
  })
})

describe('an X-Okapi-Url that is not allowed', () => {
  const headers = { 'x-okapi-url': 'http://169.254.169.254' }

  test('is refused by all that would call it, and nothing has begun', async ({ stores }) => {
    const api = await anApi(stores, { deps: { checkOkapiUrl: refuse } })
    try {
      const operation = await aMappedOperation(stores, remapping)
      const path = `/marc-migrations/${operation.id}`
      const { chunks } = await stores.operations.chunks('diku', operation.id, { offset: 0, limit: 1 })
      const ids = chunks.map(({ id }) => id)
      const answers = [
        await api.post('/marc-migrations', { entityType: 'authority', operationType: 'remapping' }, headers),
        await putStatus(api, operation.id, { status: 'data_saving' }, headers),
        await api.post(`${path}/retry`, ids, headers),
        await api.post(`${path}/save/retry`, ids, headers),
        await api.ask('POST', `${path}/retry-failed`, { headers })
      ]
      for (const answer of answers) {
        expect(answer.status).toBe(400)
        expect(errorOf(answer)).toMatchObject({ code: 'validation_error' })
        expect(errorOf(answer).message).toContain('X-Okapi-Url')
      }
      expect((await reread(stores, operation)).status).toBe('DATA_MAPPING_COMPLETED')
      expect(await operationsOf(stores)).toBe(1)
    } finally {
      await api.close()
    }
  })
})

function refuse(url: string): void {
  throw new MigrationError('OKAPI_URL_REFUSED', { url })
}

async function operationsOf(stores: Stores): Promise<number> {
  return (await stores.operations.list('diku', { offset: 0, limit: 1 })).totalRecords
}
