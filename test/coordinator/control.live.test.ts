import { randomUUID } from 'node:crypto'
import type { Stores } from '@marc-migrations/domain'
import { describe, expect } from 'vitest'
import {
  aMappedOperation,
  aPublishedOperation,
  armedOf,
  aSavingOperation,
  claimAll,
  claimOne,
  LEASE_MS,
  mappedTally,
  reread,
  savedTally
} from '../support/store-fixtures.ts'
import { errorOf, test } from './api-fixture.ts'
import { aRejectingOperation, remapping } from './stored-operations.ts'

describe('control', () => {
  test('pause shows beside the status, resume takes it away', async ({ api, stores }) => {
    const operation = await aPublishedOperation(stores, remapping)
    const paused = await api.ask('POST', `/marc-migrations/${operation.id}/pause`)
    expect(paused).toMatchObject({ status: 200, json: { control: 'pause', status: operation.status.toLowerCase() } })
    const resumed = await api.ask('POST', `/marc-migrations/${operation.id}/resume`)
    expect(resumed.status).toBe(200)
    expect(resumed.json).not.toHaveProperty('control')
  })

  test('cancel ends the stage and says why', async ({ api, stores }) => {
    const operation = await aPublishedOperation(stores, remapping)
    const answer = await api.ask('POST', `/marc-migrations/${operation.id}/cancel`)
    expect(answer).toMatchObject({ status: 200, json: { status: 'data_mapping_failed', stopReason: 'cancelled' } })
  })

  test('needs a running operation', async ({ api, stores }) => {
    const operation = await aMappedOperation(stores, remapping)
    for (const action of ['pause', 'cancel']) {
      const answer = await api.ask('POST', `/marc-migrations/${operation.id}/${action}`)
      expect(answer.status, action).toBe(422)
      expect(errorOf(answer).message).toBe(
        `Not allowed ${action} action for operation with value 'DATA_MAPPING_COMPLETED' in field 'status'`
      )
    }
  })

  test('of an unknown operation is not found, of no UUID is refused', async ({ api }) => {
    for (const action of ['pause', 'resume', 'cancel', 'retry-failed']) {
      expect((await api.ask('POST', `/marc-migrations/${randomUUID()}/${action}`)).status, action).toBe(404)
      expect((await api.ask('POST', `/marc-migrations/abc/${action}`)).status, action).toBe(400)
    }
  })
})

describe('retry-failed', () => {
  test('maps again what was rejected, no chunk named', async ({ api, stores }) => {
    const operation = await aRejectingOperation(stores)
    const answer = await api.ask('POST', `/marc-migrations/${operation.id}/retry-failed`)
    expect(answer).toMatchObject({ status: 201, json: { status: 'data_mapping', mappedNumOfRecords: 9 } })
    expect(await reread(stores, operation)).toMatchObject({ status: 'DATA_MAPPING', rejectedRecords: 0 })
  })

  test('takes up a cancelled operation', async ({ api, stores }) => {
    const operation = await aPublishedOperation(stores, remapping)
    await stores.control.cancel('diku', operation.id, 'cancelled')
    const answer = await api.ask('POST', `/marc-migrations/${operation.id}/retry-failed`)
    expect(answer.status).toBe(201)
    expect(answer.json).not.toHaveProperty('stopReason')
    expect(await reread(stores, operation)).toMatchObject({ status: 'DATA_MAPPING', control: 'run' })
  })

  test('saves again what could not be saved', async ({ api, stores }) => {
    const operation = await anUnsavedOperation(stores)
    const answer = await api.ask('POST', `/marc-migrations/${operation.id}/retry-failed`)
    expect(answer).toMatchObject({ status: 201, json: { status: 'data_saving' } })
  })

  test('maps again what was rejected, when all that was mapped is saved; then only that is left to save', async ({
    api,
    stores
  }) => {
    const operation = await aRejectingOperation(stores)
    await stores.control.startSaving('diku', operation.id, null, { allowRejected: true })
    await stores.publish.mark(armedOf(operation, 'DATA_SAVING'), 10)
    for (const claim of await claimAll(stores, operation)) await stores.chunks.count(claim, savedTally(claim, 9))
    expect(await stores.check.finalise(armedOf(operation, 'DATA_SAVING'), LEASE_MS)).toMatchObject({
      status: 'DATA_SAVING_FAILED',
      stopReason: null
    })
    const answer = await api.ask('POST', `/marc-migrations/${operation.id}/retry-failed`)
    expect(answer).toMatchObject({ status: 201, json: { status: 'data_mapping', savedNumOfRecords: 9 } })
    expect(await reread(stores, operation)).toMatchObject({ status: 'DATA_MAPPING', rejectedRecords: 0, savedRecords: 9 })
  })
})

describe('chunks', () => {
  test('are listed in source order with what became of them', async ({ api, stores }) => {
    const operation = await aPublishedOperation(stores, { ...remapping, chunks: 3, records: 10 })
    const [counted, ...others] = await claimAll(stores, operation, 'worker-7')
    if (counted === undefined) throw new Error('nothing was claimed')
    await stores.chunks.count(counted, mappedTally(counted, 9, 1))
    await stores.chunks.giveBack(others[1] ?? counted, 'released')
    const answer = await api.ask('GET', `/marc-migrations/${operation.id}/chunks`)
    expect(answer.json).toMatchObject({
      totalRecords: 3,
      chunks: [
        { position: 0, state: 'failed', status: 'data_mapping_failed', mappedNumOfRecords: 9, rejectedNumOfRecords: 1 },
        { position: 1, state: 'running', worker: 'worker-7', epoch: 1 },
        { position: 2, state: 'waiting', numOfRecords: 10 }
      ]
    })
  })

  test('come in pages, and can be narrowed to open or failed ones', async ({ api, stores }) => {
    const operation = await aPublishedOperation(stores, { ...remapping, chunks: 5 })
    const claim = await claimOne(stores, operation)
    await stores.chunks.count(claim, mappedTally(claim, 0, 10))
    const ask = async (query: string) =>
      (await api.ask('GET', `/marc-migrations/${operation.id}/chunks${query}`)).json as unknown as {
        chunks: unknown[]
        totalRecords: number
      }
    expect((await ask('?offset=4&limit=10')).chunks).toHaveLength(1)
    expect(await ask('?only=open')).toMatchObject({ totalRecords: 4 })
    expect(await ask('?only=failed')).toMatchObject({ totalRecords: 1, chunks: [{ id: claim.chunkId }] })
    expect((await api.ask('GET', `/marc-migrations/${operation.id}/chunks?only=red`)).status).toBe(400)
    expect((await api.ask('GET', `/marc-migrations/${operation.id}/chunks?limit=1001`)).status).toBe(400)
  })

  test('are summed up as runs of equal state', async ({ api, stores }) => {
    const operation = await aPublishedOperation(stores, { ...remapping, chunks: 6, records: 10 })
    const claims = await claimAll(stores, operation)
    for (const claim of claims.slice(0, 3)) await stores.chunks.count(claim, mappedTally(claim))
    const answer = await api.ask('GET', `/marc-migrations/${operation.id}/chunks?summary=1`)
    expect(answer.json).toEqual({
      totalRecords: 6,
      runs: [
        { first: 0, chunks: 3, state: 'done', records: 30, processed: 30 },
        { first: 3, chunks: 3, state: 'running', records: 30, processed: 0 }
      ]
    })
  })

  test('of an unknown operation are not found', async ({ api }) => {
    expect((await api.ask('GET', `/marc-migrations/${randomUUID()}/chunks`)).status).toBe(404)
  })
})

describe('nodes', () => {
  test('are shown with their slots while they are seen', async ({ api, stores }) => {
    const self = { id: 'w-1', kind: 'worker', version: '1.2.3', host: 'node-b', pid: 7, slots: 4 } as const
    await stores.nodes.register(self, 5000)
    await stores.nodes.heartbeat('w-1', 3, 5000)
    const answer = await api.ask('GET', '/marc-migrations/nodes')
    expect(answer.json).toMatchObject({
      totalRecords: 1,
      nodes: [{ id: 'w-1', kind: 'worker', version: '1.2.3', host: 'node-b', slots: 4, busySlots: 3, otherChunks: 3 }]
    })
  })

  test('are shown with the chunks of the asking tenant, those of others as a count', async ({ api, stores }) => {
    await stores.nodes.register({ id: 'w-1', kind: 'worker', version: '1', host: 'h', pid: 7, slots: 4 }, 5000)
    await stores.nodes.heartbeat('w-1', 3, 5000)
    const own = await claimOne(stores, await aPublishedOperation(stores, remapping), 'w-1')
    for (let i = 0; i < 2; i++) {
      await claimOne(stores, await aPublishedOperation(stores, { ...remapping, tenant: 'college' }), 'w-1')
    }
    const { operationId, chunkId } = own
    expect((await api.ask('GET', '/marc-migrations/nodes')).json).toMatchObject({
      nodes: [{ busySlots: 3, chunks: [{ operationId, chunkId, stage: 'data_mapping' }], otherChunks: 2 }]
    })
  })
})

/** Mapped, then ended in saving with one record refused. */
async function anUnsavedOperation(stores: Stores) {
  const operation = await aSavingOperation(stores, { ...remapping, chunks: 1 })
  for (const claim of await claimAll(stores, operation)) await stores.chunks.count(claim, savedTally(claim, 9, 1))
  expect(await stores.check.finalise(armedOf(operation, 'DATA_SAVING'), LEASE_MS)).toMatchObject({
    status: 'DATA_SAVING_FAILED'
  })
  return operation
}
