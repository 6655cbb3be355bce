import { randomUUID } from 'node:crypto'
import { describe, expect } from 'vitest'
import { errorOf, errorsOf, test } from './api-fixture.ts'
import type { Answer } from './api-fixture.ts'
import { threeOperations } from './stored-operations.ts'

const list = (answer: Answer) => answer.json as unknown as { migrationOperations: { id: string }[]; totalRecords: number }

describe('listing operations', () => {
  test('a limit above 1000 is refused', async ({ api }) => {
    const answer = await api.ask('GET', '/marc-migrations?limit=1001')
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toEqual({
      code: 'validation_error',
      type: 'ConstraintViolationException',
      message: 'getMarcMigrations.limit must be less than or equal to 1000'
    })
    expect(errorsOf(answer).total_records).toBe(1)
  })

  test('an offset above 1000 is refused', async ({ api }) => {
    const answer = await api.ask('GET', '/marc-migrations?offset=1001')
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toMatchObject({
      type: 'ConstraintViolationException',
      message: 'getMarcMigrations.offset must be less than or equal to 1000'
    })
  })

  test('a negative limit is refused', async ({ api }) => {
    const answer = await api.ask('GET', '/marc-migrations?limit=-1')
    expect(answer.status).toBe(400)
    expect(errorOf(answer).message).toBe('getMarcMigrations.limit must be greater than or equal to 0')
  })

  test('one entry for each bound that is violated', async ({ api }) => {
    const answer = await api.ask('GET', '/marc-migrations?offset=-1&limit=2000')
    expect(errorsOf(answer)).toMatchObject({ total_records: 2, errors: [{}, {}] })
  })

  test('a limit of 0 is refused', async ({ api }) => {
    const answer = await api.ask('GET', '/marc-migrations?limit=0')
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toEqual({
      code: 'validation_error',
      type: 'IllegalArgumentException',
      message: 'Limit cannot be negative or zero: 0'
    })
  })

  test('a limit that is no number is refused', async ({ api }) => {
    const answer = await api.ask('GET', '/marc-migrations?limit=abc')
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toEqual({
      code: 'validation_error',
      type: 'MethodArgumentTypeMismatchException',
      message:
        "Method parameter 'limit': Failed to convert value of type 'java.lang.String' to required type 'java.lang.Integer'; For input string: \"abc\""
    })
  })

  test('an unknown entity type is refused', async ({ api }) => {
    const answer = await api.ask('GET', '/marc-migrations?entityType=unexpected')
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toMatchObject({ type: 'MethodArgumentTypeMismatchException' })
    expect(errorOf(answer).message).toMatch(
      /^Method parameter 'entityType': Failed to convert value of type 'java.lang.String' to required type/
    )
  })

  test('the entity type is judged before the numbers, a wrong type before a wrong range', async ({ api }) => {
    const both = await api.ask('GET', '/marc-migrations?limit=abc&entityType=x')
    expect(errorOf(both).message).toContain("'entityType'")
    const numbers = await api.ask('GET', '/marc-migrations?offset=5000&limit=abc')
    expect(errorOf(numbers).message).toContain("'limit'")
  })

  test('empty values and repeats are taken as the contract takes them', async ({ api }) => {
    expect((await api.ask('GET', '/marc-migrations?entityType=&limit=&offset=')).status).toBe(200)
    expect((await api.ask('GET', '/marc-migrations?limit=7&limit=abc')).status).toBe(200)
    expect((await api.ask('GET', '/marc-migrations?entityType=AUTHORITY')).status).toBe(200)
  })

  test('an empty list has its array', async ({ api }) => {
    expect((await api.ask('GET', '/marc-migrations')).json).toEqual({ migrationOperations: [], totalRecords: 0 })
  })

  test('the newest start stands first', async ({ api, stores }) => {
    const started = await threeOperations(stores)
    const { migrationOperations, totalRecords } = list(await api.ask('GET', '/marc-migrations'))
    expect(totalRecords).toBe(3)
    expect(migrationOperations.map(({ id }) => id)).toEqual(started.map(({ id }) => id).reverse())
  })

  test('offset and limit cut the list, the total stays', async ({ api, stores }) => {
    const [first, second, third] = await threeOperations(stores)
    const later = list(await api.ask('GET', '/marc-migrations?offset=1'))
    expect(later).toMatchObject({ totalRecords: 3, migrationOperations: [{ id: second?.id }, { id: first?.id }] })
    const newest = list(await api.ask('GET', '/marc-migrations?limit=2'))
    expect(newest).toMatchObject({ totalRecords: 3, migrationOperations: [{ id: third?.id }, { id: second?.id }] })
    expect(newest.migrationOperations).toHaveLength(2)
  })

  test('the list can be filtered by entity type', async ({ api, stores }) => {
    await threeOperations(stores)
    const authorities = list(await api.ask('GET', '/marc-migrations?entityType=authority'))
    expect(authorities.migrationOperations).toHaveLength(2)
    expect(authorities.totalRecords).toBe(2)
  })
})

describe('reading an operation', () => {
  test('an unknown id is not found', async ({ api }) => {
    const id = randomUUID()
    const answer = await api.ask('GET', `/marc-migrations/${id}`)
    expect(answer.status).toBe(404)
    expect(errorOf(answer)).toEqual({
      code: 'not_found_error',
      type: 'NotFoundException',
      message: `MARC migration operation was not found [id: ${id}]`
    })
  })

  test('an id that is no UUID is refused', async ({ api }) => {
    const answer = await api.ask('GET', '/marc-migrations/not-a-uuid')
    expect(answer.status).toBe(400)
    expect(errorOf(answer)).toEqual({
      code: 'validation_error',
      type: 'MethodArgumentTypeMismatchException',
      message:
        "Method parameter 'operationId': Failed to convert value of type 'java.lang.String' to required type 'java.util.UUID'; Invalid UUID string: not-a-uuid"
    })
  })
})
