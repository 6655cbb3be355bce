import { randomUUID } from 'node:crypto'
import { describe, expect } from 'vitest'
import { aMappedOperation, aSplitOperation, reread } from '../support/store-fixtures.ts'
import { errorOf, test } from './api-fixture.ts'
import { aRejectingOperation, putStatus, remapping } from './stored-operations.ts'

describe('starting to save', () => {
  test('is refused before the mapping has completed', async ({ api, stores }) => {
    const operation = await aSplitOperation(stores, remapping)
    const { status } = await reread(stores, operation)
    const answer = await putStatus(api, operation.id, { status: 'data_saving' })
    expect(answer.status).toBe(422)
    expect(errorOf(answer)).toEqual({
      code: 'validation_error',
      type: 'ApiValidationException',
      message: `Not allowed data save action for operation with value '${status}' in field 'status'`,
      parameters: [{ key: 'status', value: status }]
    })
  })

  test('needs a status', async ({ api, stores }) => {
    const operation = await aMappedOperation(stores, remapping)
    const answer = await putStatus(api, operation.id, { publishEvents: true })
    expect(answer.status).toBe(422)
    expect(errorOf(answer)).toMatchObject({
      type: 'MethodArgumentNotValidException',
      parameters: [{ key: 'status', value: 'null' }]
    })
  })

  test('refuses an unknown status', async ({ api }) => {
    const answer = await putStatus(api, randomUUID(), { status: 'zzz' })
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toMatchObject({ type: 'IllegalArgumentException', message: "Unexpected value 'zzz'" })
  })

  test('does not find an unknown operation', async ({ api }) => {
    expect((await putStatus(api, randomUUID(), { status: 'data_saving' })).status).toBe(404)
  })

  test('refuses a known status other than data_saving, in any letter case', async ({ api, stores }) => {
    const operation = await aMappedOperation(stores, remapping)
    const answer = await putStatus(api, operation.id, { status: 'DATA_mapping' })
    expect(answer.status).toBe(422)
    expect(errorOf(answer)).toMatchObject({
      message: "Unexpected value 'data_mapping' in field 'status'",
      parameters: [{ key: 'status', value: 'data_mapping' }]
    })
  })

  test('stands in the operation before the 204 is sent', async ({ api, stores }) => {
    const operation = await aMappedOperation(stores, remapping)
    const answer = await putStatus(api, operation.id, { status: 'data_saving', publishEvents: null })
    expect(answer).toMatchObject({ status: 204, text: '' })
    expect((await reread(stores, operation)).status).toBe('DATA_SAVING')
  })

  test('is refused for a file: its entities have no source records', async ({ api, stores }) => {
    const operation = await aMappedOperation(stores)
    const answer = await putStatus(api, operation.id, { status: 'data_saving' })
    expect(answer.status).toBe(422)
    expect(errorOf(answer).parameters).toEqual([{ key: 'operationType', value: 'import' }])
  })
})

describe('repeating', () => {
  test('a retry without chunk ids is refused', async ({ api }) => {
    const answer = await api.post(`/marc-migrations/${randomUUID()}/retry`, [])
    expect(answer.status).toBe(422)
    expect(errorOf(answer)).toMatchObject({ type: 'ApiValidationException' })
    expect(errorOf(answer).message).toContain('no chunk IDs provided')
    expect(errorOf(answer)).not.toHaveProperty('parameters')
  })

  test('a retry of too many chunks names both numbers', async ({ api }) => {
    const answer = await api.post(
      `/marc-migrations/${randomUUID()}/retry`,
      Array.from({ length: 1001 }, () => randomUUID())
    )
    expect(answer.status).toBe(422)
    expect(errorOf(answer).message).toBe("The maximum allowed number of chunk IDs is '1000', but received '1001'.")
  })

  test('a chunk id that is no UUID, and an object for a list, are refused', async ({ api }) => {
    for (const body of [['abc'], [7], [{}], {}, 'text']) {
      const answer = await api.post(`/marc-migrations/${randomUUID()}/retry`, body)
      expect(answer.status).toBe(400)
      expect(errorOf(answer)).toMatchObject({ type: 'HttpMessageNotReadableException', code: 'validation_error' })
    }
  })

  test('a retry of an unknown operation is not found', async ({ api }) => {
    expect((await api.post(`/marc-migrations/${randomUUID()}/retry`, [randomUUID()])).status).toBe(404)
  })

  test('a retry answers data_mapping with the counters from before it', async ({ api, stores }) => {
    const operation = await aMappedOperation(stores, { ...remapping, chunks: 3, records: 10 })
    const { chunks } = await stores.operations.chunks('diku', operation.id, { offset: 0, limit: 1 })
    const ids = [chunks[0]?.id, chunks[0]?.id.toUpperCase(), null, randomUUID()]
    const answer = await api.post(`/marc-migrations/${operation.id}/retry`, ids)
    expect(answer).toMatchObject({ status: 201, json: { status: 'data_mapping', mappedNumOfRecords: 30 } })
    expect(answer.json).not.toHaveProperty('endTimeMapping')
    expect(await reread(stores, operation)).toMatchObject({ status: 'DATA_MAPPING', mappedRecords: 20 })
  })

  test('save/retry is refused after a failed mapping', async ({ api, stores }) => {
    const operation = await aRejectingOperation(stores)
    const answer = await api.post(`/marc-migrations/${operation.id}/save/retry`, [randomUUID()])
    expect(answer.status).toBe(422)
    expect(errorOf(answer)).toMatchObject({
      type: 'ApiValidationException',
      message: "Not allowed retry action for operation with value 'DATA_MAPPING_FAILED' in field 'status'",
      parameters: [{ key: 'status', value: 'DATA_MAPPING_FAILED' }]
    })
  })

  test('save/retry looks for the operation, then at its status, then at the ids', async ({ api, stores }) => {
    const path = (id: string) => `/marc-migrations/${id}/save/retry`
    expect((await api.post(path(randomUUID()), [])).status).toBe(404)
    const mapped = await aMappedOperation(stores, remapping)
    expect(errorOf(await api.post(path(mapped.id), [])).message).toContain('no chunk IDs provided')
    const rejecting = await aRejectingOperation(stores)
    expect(errorOf(await api.post(path(rejecting.id), [])).message).toMatch(/^Not allowed retry action/)
  })

  test('save/retry of a mapped operation answers 204 and saves', async ({ api, stores }) => {
    const operation = await aMappedOperation(stores, remapping)
    const { chunks } = await stores.operations.chunks('diku', operation.id, { offset: 0, limit: 10 })
    const answer = await api.post(
      `/marc-migrations/${operation.id}/save/retry`,
      chunks.map(({ id }) => id)
    )
    expect(answer).toMatchObject({ status: 204, text: '' })
    expect((await reread(stores, operation)).status).toBe('DATA_SAVING')
  })
})
