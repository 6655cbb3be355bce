import { describe, expect } from 'vitest'
import { errorOf, errorsOf, JSON_TYPE, test, USER } from './api-fixture.ts'
import { linkedRecords } from './stored-operations.ts'

const AUTHORITY = { entityType: 'authority', operationType: 'remapping' }
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

describe('starting an operation', () => {
  test('authorities are counted before the answer', async ({ api, db, stores }) => {
    await linkedRecords(db, stores)
    const answer = await api.post('/marc-migrations', AUTHORITY)
    expect(answer.status).toBe(201)
    expect(answer.json).toEqual({
      id: expect.stringMatching(UUID) as string,
      userId: USER,
      entityType: 'authority',
      operationType: 'remapping',
      status: 'new',
      totalNumOfRecords: 81,
      mappedNumOfRecords: 0,
      savedNumOfRecords: 0
    })
  })

  test('instances are counted before the answer', async ({ api, db, stores }) => {
    await linkedRecords(db, stores)
    const answer = await api.post('/marc-migrations', { ...AUTHORITY, entityType: 'INSTANCE' })
    expect(answer).toMatchObject({ status: 201, json: { entityType: 'instance', totalNumOfRecords: 11 } })
  })

  test('an operation type must be given', async ({ api }) => {
    const answer = await api.post('/marc-migrations', { entityType: 'authority' })
    expect(answer.status).toBe(422)
    expect(errorsOf(answer)).toEqual({
      errors: [
        {
          code: 'validation_error',
          type: 'MethodArgumentNotValidException',
          message: 'must not be null',
          parameters: [{ key: 'operationType', value: 'null' }]
        }
      ],
      total_records: 1
    })
  })

  test('an entity type must be given, null is none', async ({ api }) => {
    const answer = await api.post('/marc-migrations', { entityType: null, operationType: 'remapping' })
    expect(answer.status).toBe(422)
    expect(errorOf(answer).parameters).toEqual([{ key: 'entityType', value: 'null' }])
  })

  test('import is refused where it is not enabled', async ({ api }) => {
    const answer = await api.post('/marc-migrations', { entityType: 'authority', operationType: 'import' })
    expect(answer.status).toBe(422)
    expect(errorOf(answer)).toEqual({
      code: 'validation_error',
      type: 'ApiValidationException',
      message: "Unexpected value 'import' in field 'operationType'",
      parameters: [{ key: 'operationType', value: 'import' }]
    })
  })

  test('an unknown entity type is refused', async ({ api }) => {
    const answer = await api.post('/marc-migrations', { entityType: 'holdings' })
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toEqual({
      code: 'validation_error',
      type: 'IllegalArgumentException',
      message: "Unexpected value 'holdings'"
    })
  })

  test('a broken body and none are refused', async ({ api }) => {
    const broken = await api.ask('POST', '/marc-migrations', { headers: JSON_TYPE, body: '{"entityType":"authority"' })
    expect(broken.status).toBe(400)
    expect(errorOf(broken).type).toBe('HttpMessageNotReadableException')
    expect(errorOf(broken).message).toMatch(/^JSON parse error: /)
    for (const body of [undefined, 'null', '']) {
      const none = await api.ask('POST', '/marc-migrations', { headers: JSON_TYPE, ...(body === undefined ? {} : { body }) })
      expect(none.status).toBe(400)
      expect(errorOf(none)).toMatchObject({
        type: 'HttpMessageNotReadableException',
        message: 'Required request body is missing'
      })
    }
  })

  test('an unknown property is ignored', async ({ api, db, stores }) => {
    await linkedRecords(db, stores)
    expect((await api.post('/marc-migrations', { ...AUTHORITY, colour: 'green' })).status).toBe(201)
  })
})
