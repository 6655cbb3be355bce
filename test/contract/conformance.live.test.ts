import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { errorOf, errorsOf, JSON_TYPE, USER } from '../coordinator/api-fixture.ts'
import type { Answer } from '../coordinator/api-fixture.ts'
import { kafkaMissing } from '../support/kafka.ts'
import { fates } from '../support/peer-fate.ts'
import { skipSuite } from '../support/skips.ts'
import { startConformanceCluster, SUB_PATH } from './conformance-cluster.ts'
import type { ConformanceCluster } from './conformance-cluster.ts'
import { TOKEN } from './tenant-client.ts'
import type { OperationBody, TenantClient } from './tenant-client.ts'

const missing = kafkaMissing()
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/
const AUTHORITY = { entityType: 'authority', operationType: 'remapping' }
const ALL_SAVED = { errorsNumber: '0' }

let cluster: ConformanceCluster
/** For whatever a list of its own does not matter to. */
let client: TenantClient
/** Authority, instance, authority, one after the other, in a tenant of their own. */
let listed: Promise<{ client: TenantClient; operations: readonly OperationBody[] }> | undefined

describe.skipIf(missing !== undefined && skipSuite('conformance', missing, 'server'))(
  'mod-marc-migrations, replaced',
  () => {
    beforeAll(async () => {
      cluster = await startConformanceCluster()
      client = await cluster.aTenant()
    }, 300_000)
    afterAll(() => cluster.close(), 60_000)
    beforeEach(() => {
      cluster.peers.always('metadata', null)
      cluster.peers.always('authority', fates.answer(200, ALL_SAVED))
      cluster.peers.always('instance', fates.answer(201, ALL_SAVED))
    })

    test('C-01: a limit above 1000 is refused', async () => {
      const answer = await client.ask('GET', '/marc-migrations?limit=1001')
      expect(answer.status).toBe(400)
      expect(errorsOf(answer).total_records).toBe(1)
      expect(errorOf(answer)).toMatchObject({ code: 'validation_error', type: 'ConstraintViolationException' })
      expect(errorOf(answer).message).toContain('must be less than or equal to 1000')
    })

    test('C-02: an offset above 1000 is refused', async () => {
      const answer = await client.ask('GET', '/marc-migrations?offset=1001')
      expect(answer.status).toBe(400)
      expect(errorsOf(answer).total_records).toBe(1)
      expect(errorOf(answer)).toMatchObject({ code: 'validation_error', type: 'ConstraintViolationException' })
      expect(errorOf(answer).message).toContain('must be less than or equal to 1000')
    })

    test('C-03: a negative limit is refused', async () => {
      const answer = await client.ask('GET', '/marc-migrations?limit=-1')
      expect(answer.status).toBe(400)
      expect(errorOf(answer).message).toContain('must be greater than or equal to 0')
    })

    test('C-04: a limit of 0 is refused', async () => {
      const answer = await client.ask('GET', '/marc-migrations?limit=0')
      expect(answer.status).toBe(400)
      expect(errorOf(answer).type).toBe('IllegalArgumentException')
    })

    test('C-05: a limit that is no number is refused', async () => {
      const answer = await client.ask('GET', '/marc-migrations?limit=abc')
      expect(answer.status).toBe(400)
      expect(errorOf(answer).type).toBe('MethodArgumentTypeMismatchException')
      expect(errorOf(answer).message).toMatch(/^Method parameter 'limit'/)
    })

    test('C-06: an unknown entity type in the query is refused', async () => {
      const answer = await client.ask('GET', '/marc-migrations?entityType=unexpected')
      expect(answer.status).toBe(400)
      expect(errorOf(answer).type).toBe('MethodArgumentTypeMismatchException')
      expect(errorOf(answer).message).toContain("Method parameter 'entityType': Failed to convert value")
    })

    test('C-07: a call without the tenant header is refused as text', async () => {
      const id = randomUUID()
      for (const [method, path] of [
        ['GET', '/marc-migrations'],
        ['POST', '/marc-migrations'],
        ['GET', `/marc-migrations/${id}`],
        ['PUT', `/marc-migrations/${id}`],
        ['POST', `/marc-migrations/${id}/error-report`]
      ] as const) {
        const answer = await client.ask(method, path, undefined, { 'x-okapi-tenant': '' })
        expect(answer.status, path).toBe(400)
        expect(answer.headers.get('content-type')).toMatch(/^text\/plain/)
        expect(answer.text.toLowerCase()).toContain('x-okapi-tenant')
      }
    })

    test('C-08: a start of authorities is answered with their number', async () => {
      expect(await client.start('authority')).toMatchObject({
        id: expect.stringMatching(UUID) as string,
        userId: USER,
        status: 'new',
        totalNumOfRecords: 81,
        mappedNumOfRecords: 0,
        savedNumOfRecords: 0
      })
    })

    test('C-09: a start of instances is answered with their number', async () => {
      expect(await client.start('instance')).toMatchObject({ entityType: 'instance', totalNumOfRecords: 11 })
    })

    test('C-10: an operation type must be given', async () => {
      const answer = await client.ask('POST', '/marc-migrations', { entityType: 'authority' })
      expect(answer.status).toBe(422)
      expect(errorsOf(answer).total_records).toBe(1)
      expect(errorOf(answer)).toMatchObject({
        type: 'MethodArgumentNotValidException',
        parameters: [{ key: 'operationType', value: 'null' }]
      })
      expect(errorOf(answer).message).toContain('must not be null')
    })

    test('C-11: an entity type must be given', async () => {
      const answer = await client.ask('POST', '/marc-migrations', { operationType: 'remapping' })
      expect(answer.status).toBe(422)
      expect(errorOf(answer).parameters).toEqual([{ key: 'entityType', value: 'null' }])
    })

    test('C-12: import is refused', async () => {
      const answer = await client.ask('POST', '/marc-migrations', { ...AUTHORITY, operationType: 'import' })
      expect(answer.status).toBe(422)
      expect(errorOf(answer)).toMatchObject({
        type: 'ApiValidationException',
        parameters: [{ key: 'operationType', value: 'import' }]
      })
      expect(errorOf(answer).message).toContain('Unexpected value')
    })

    test('C-13: an unknown entity type is refused', async () => {
      const answer = await client.ask('POST', '/marc-migrations', { ...AUTHORITY, entityType: 'holdings' })
      expect(answer.status).toBe(400)
      expect(errorOf(answer)).toMatchObject({
        type: 'IllegalArgumentException',
        message: "Unexpected value 'holdings'"
      })
    })

    test('C-14: a truncated body, and none, are refused', async () => {
      const truncated = JSON.stringify(AUTHORITY).slice(0, -4)
      for (const answer of [
        await client.send('POST', '/marc-migrations', truncated),
        await client.ask('POST', '/marc-migrations', undefined, JSON_TYPE)
      ]) {
        expect(answer.status).toBe(400)
        expect(errorOf(answer).type).toBe('HttpMessageNotReadableException')
      }
    })

    test('C-15: an unknown property is ignored', async () => {
      expect((await client.ask('POST', '/marc-migrations', { ...AUTHORITY, colour: 'green' })).status).toBe(201)
    })

    test('C-16: authorities are mapped', async () => {
      const operation = await client.mapped('authority')
      expect(operation).toMatchObject({ totalNumOfRecords: 81, mappedNumOfRecords: 81, savedNumOfRecords: 0 })
      expect(Date.parse(operation.startTimeMapping ?? '')).toBeLessThanOrEqual(Date.parse(operation.endTimeMapping ?? ''))
      expect(operation).not.toHaveProperty('startTimeSaving')
      expect(operation).not.toHaveProperty('endTimeSaving')
    })

    test('C-17: mapped authorities lie in one object per chunk', async () => {
      const keys = await cluster.keysOf((await client.mapped('authority')).id)
      expect(keys).toHaveLength(9)
      for (const key of keys) expect(key).toMatch(/_entity$/)
      const entities = await entitiesOf(keys)
      expect(entities).toHaveLength(81)
      for (const entity of entities) {
        expect(entity['source']).toBe('MARC')
        expect(Number.isInteger(entity['_version'])).toBe(true)
      }
      expect(new Set(entities.map(({ id }) => id)).size).toBe(81)
    })

    test('C-18: mapped instances have arrays of preceding and succeeding titles', async () => {
      const keys = await cluster.keysOf((await client.mapped('instance')).id)
      expect(keys).toHaveLength(2)
      const entities = await entitiesOf(keys)
      expect(entities).toHaveLength(11)
      for (const entity of entities) {
        expect(Array.isArray(entity['precedingTitles'])).toBe(true)
        expect(Array.isArray(entity['succeedingTitles'])).toBe(true)
      }
    })

    test('C-19: an unknown operation is not found', async () => {
      const id = randomUUID()
      const answer = await client.ask('GET', `/marc-migrations/${id}`)
      expect(answer.status).toBe(404)
      expect(errorOf(answer)).toMatchObject({ type: 'NotFoundException', code: 'not_found_error' })
      expect(errorOf(answer).message).toContain('MARC migration operation was not found')
      expect(errorOf(answer).message).toContain(id)
    })

    test('C-20: an id that is no UUID is refused', async () => {
      const answer = await client.ask('GET', '/marc-migrations/not-a-uuid')
      expect(answer.status).toBe(400)
      expect(errorOf(answer).type).toBe('MethodArgumentTypeMismatchException')
    })

    test('C-21: the newest start stands first in the list', async () => {
      const { client: own, operations } = await threeOperations()
      const { migrationOperations, totalRecords } = listOf(await own.ask('GET', '/marc-migrations'))
      expect(totalRecords).toBe(3)
      expect(idsOf(migrationOperations)).toEqual(idsOf(operations).reverse())
    })

    test('C-22: offset and limit cut the list, its total stays', async () => {
      const { client: own, operations } = await threeOperations()
      const [first, second, third] = idsOf(operations)
      const rest = listOf(await own.ask('GET', '/marc-migrations?offset=1'))
      expect([idsOf(rest.migrationOperations), rest.totalRecords]).toEqual([[second, first], 3])
      const newest = listOf(await own.ask('GET', '/marc-migrations?limit=2'))
      expect([idsOf(newest.migrationOperations), newest.totalRecords]).toEqual([[third, second], 3])
    })

    test('C-23: the list can be filtered by entity type', async () => {
      const { client: own } = await threeOperations()
      const { migrationOperations, totalRecords } = listOf(await own.ask('GET', '/marc-migrations?entityType=authority'))
      expect(migrationOperations).toHaveLength(2)
      expect(totalRecords).toBe(2)
    })

    test('C-24: a PUT saves every chunk by one bulk request', async () => {
      const { id } = await client.mapped('authority')
      expect(await client.save(id)).toMatchObject({
        status: 'data_saving_completed',
        totalNumOfRecords: 81,
        mappedNumOfRecords: 81,
        savedNumOfRecords: 81
      })
      const bodies = bulkBodies('authority', id)
      expect(bodies.map(({ recordsFileName }) => recordsFileName).sort()).toEqual([...(await cluster.keysOf(id))].sort())
      expect(bodies).toHaveLength(9)
      for (const { publishEvents } of bodies) expect(publishEvents).toBe(true)
    })

    test('C-25: a PUT may ask for no events', async () => {
      const { id } = await client.mapped('instance')
      expect((await client.save(id, { publishEvents: false })).status).toBe('data_saving_completed')
      expect(bulkBodies('instance', id).map(({ publishEvents }) => publishEvents)).toEqual([false, false])
    })

    test('C-26: a PUT before the mapping has completed is refused', async () => {
      const own = await withoutMetadata()
      const { id } = await own.start('authority')
      const answer = await own.ask('PUT', `/marc-migrations/${id}`, { status: 'data_saving' })
      expect(answer.status).toBe(422)
      expect(errorOf(answer)).toMatchObject({ type: 'ApiValidationException', parameters: [{ key: 'status' }] })
      expect(errorOf(answer).parameters?.[0]?.value).toMatch(/^(NEW|DATA_MAPPING|DATA_MAPPING_FAILED)$/)
    })

    test('C-27: a PUT needs a status', async () => {
      const { id } = await client.start('instance')
      const answer = await client.ask('PUT', `/marc-migrations/${id}`, { publishEvents: true })
      expect(answer.status).toBe(422)
      expect(errorOf(answer)).toMatchObject({
        type: 'MethodArgumentNotValidException',
        parameters: [{ key: 'status', value: 'null' }]
      })
    })

    test('C-28: a PUT of an unknown status is refused', async () => {
      const answer = await client.ask('PUT', `/marc-migrations/${randomUUID()}`, { status: 'zzz' })
      expect(answer.status).toBe(400)
      expect(errorOf(answer).type).toBe('IllegalArgumentException')
    })

    test('C-29: a PUT on an unknown operation is not found', async () => {
      const answer = await client.ask('PUT', `/marc-migrations/${randomUUID()}`, { status: 'data_saving' })
      expect(answer.status).toBe(404)
    })

    test('C-30: records that the storage refuses are not counted as saved', async () => {
      cluster.peers.always('authority', fates.answer(200, { errorsNumber: 2 }))
      cluster.peers.always('instance', fates.answer(201, { errorsNumber: 2 }))
      const authorities = await client.save((await client.mapped('authority')).id)
      expect(authorities).toMatchObject({ status: 'data_saving_failed', savedNumOfRecords: 63 })
      const instances = await client.save((await client.mapped('instance')).id)
      expect(instances).toMatchObject({ status: 'data_saving_failed', savedNumOfRecords: 7 })
    })

    test('C-31: a retry without chunk ids is refused', async () => {
      const { id } = await client.start('instance')
      const answer = await client.ask('POST', `/marc-migrations/${id}/retry`, [])
      expect(answer.status).toBe(422)
      expect(errorOf(answer).message).toContain('no chunk IDs provided')
    })

    test('C-32: a retry of too many chunks is refused', async () => {
      const { id } = await client.start('instance')
      const ids = Array.from({ length: 1001 }, () => randomUUID())
      const answer = await client.ask('POST', `/marc-migrations/${id}/retry`, ids)
      expect(answer.status).toBe(422)
      expect(errorOf(answer).message).toContain("'1000'")
      expect(errorOf(answer).message).toContain("'1001'")
    })

    test('C-33: chunk ids that are none, and an object for a list, are refused', async () => {
      const { id } = await client.start('instance')
      for (const body of [['abc'], {}]) {
        const answer = await client.ask('POST', `/marc-migrations/${id}/retry`, body)
        expect(answer.status).toBe(400)
        expect(errorOf(answer).type).toBe('HttpMessageNotReadableException')
      }
    })

    test('C-34: a retry of an unknown operation is not found', async () => {
      expect((await client.ask('POST', `/marc-migrations/${randomUUID()}/retry`, [randomUUID()])).status).toBe(404)
    })

    test('C-35: a mapping that failed for want of rules is repeated', async () => {
      const own = await withoutMetadata()
      const { id } = await own.start('authority')
      expect(await own.ended(id)).toMatchObject({ status: 'data_mapping_failed', mappedNumOfRecords: 0 })
      cluster.peers.always('metadata', null)
      const answer = await own.ask('POST', `/marc-migrations/${id}/retry`, await own.chunkIds(id))
      expect(answer).toMatchObject({ status: 201, json: { status: 'data_mapping', mappedNumOfRecords: 0 } })
      expect(await own.ended(id)).toMatchObject({ status: 'data_mapping_completed', mappedNumOfRecords: 81 })
    })

    test('C-36: a saving cannot be repeated after a mapping that failed', async () => {
      const own = await withoutMetadata()
      const { id } = await own.start('authority')
      expect((await own.ended(id)).status).toBe('data_mapping_failed')
      const answer = await own.ask('POST', `/marc-migrations/${id}/save/retry`, await own.chunkIds(id))
      expect(answer.status).toBe(422)
      expect(errorOf(answer).message).toMatch(/^Not allowed retry action/)
    })

    test('C-37: a repeated saving saves what was never saved', async () => {
      const { id } = await client.mapped('authority')
      const answer = await client.ask('POST', `/marc-migrations/${id}/save/retry`, await client.chunkIds(id))
      expect(answer).toMatchObject({ status: 204, text: '' })
      expect(await client.ended(id)).toMatchObject({ status: 'data_saving_completed', savedNumOfRecords: 81 })
    })

    test('C-38: an error report is asked for', async () => {
      const { id } = await client.start('instance')
      expect(await client.ask('POST', `/marc-migrations/${id}/error-report`)).toMatchObject({ status: 204, text: '' })
      expect((await client.ask('POST', `/marc-migrations/${randomUUID()}/error-report`)).status).toBe(404)
    })

    test('C-39: a new operation has a report that is not started', async () => {
      const { id } = await client.start('instance')
      const answer = await client.ask('GET', `/marc-migrations/${id}/error-report/status`)
      expect(answer).toMatchObject({ status: 200, json: { operationId: id, status: 'not_started' } })
    })

    test('C-40: a report shows what the storage wrote of each record', async () => {
      const ids = [randomUUID(), randomUUID()]
      const id = await savedWithErrors(ids.map((recordId, i) => `${recordId},error${i + 1}`))
      await reported(id)
      const errors = await errorsOfReport(id, '?limit=2&offset=2')
      expect(errors).toHaveLength(2)
      for (const error of errors) {
        expect(error).toMatchObject({ operationId: id, stage: 'DATA_SAVING', chunkStatus: 'FAILED' })
        expect(ids).toContain(error['recordId'])
        expect(error['errorMessage']).toMatch(/^error[12]$/)
      }
    })

    test('C-41: a line without an id is shown whole', async () => {
      const id = await savedWithErrors(['error1', 'error2'])
      await reported(id)
      const errors = await errorsOfReport(id, '?limit=2&offset=2')
      expect(errors).toHaveLength(2)
      for (const error of errors) {
        expect(error['recordId']).toBe('<unknown>')
        expect(error['errorMessage']).toMatch(/^error[12]$/)
      }
    })

    test('C-42: the report of a completed operation is complete and empty', async () => {
      const { id } = await client.mapped('instance')
      await reported(id)
      expect(await errorsOfReport(id)).toEqual([])
    })

    test('C-43: a report asked for twice has its rows once', async () => {
      const id = await savedWithErrors(['error1', 'error2'])
      await Promise.all([1, 2].map(() => client.ask('POST', `/marc-migrations/${id}/error-report`)))
      await reported(id)
      expect(await errorsOfReport(id)).toHaveLength(4)
    })

    test('C-44: expiry is accepted', async () => {
      expect(await client.ask('POST', '/marc-migrations/expire')).toMatchObject({ status: 202, text: '' })
    })

    test('C-45: a tenant is enabled, and enabled again', async () => {
      const own = await cluster.aTenant()
      for (let i = 0; i < 2; i++) {
        const answer = await own.ask('POST', '/_/tenant', { module_to: 'mod-marc-migrations-9.9.9' })
        expect(answer.status).toBeGreaterThanOrEqual(200)
        expect(answer.status).toBeLessThan(300)
      }
    })

    test('C-46: health needs no tenant', async () => {
      const answer = await client.ask('GET', '/admin/health', undefined, { 'x-okapi-tenant': '' })
      expect(answer).toMatchObject({ status: 200, json: { status: 'UP' } })
    })

    test('C-47: an operation of one tenant is unknown to another', async () => {
      const { id } = await client.mapped('instance')
      const other = await cluster.aTenant()
      expect((await other.ask('GET', `/marc-migrations/${id}`)).status).toBe(404)
      expect((await other.ask('PUT', `/marc-migrations/${id}`, { status: 'data_saving' })).status).toBe(404)
      expect(listOf(await other.ask('GET', '/marc-migrations')).totalRecords).toBe(0)
      expect((await client.get(id)).status).toBe('data_mapping_completed')
    })

    test('C-48: header names are taken in any letter case', async () => {
      const headers = {
        'x-okapi-tenant': '',
        'X-OKAPI-TENANT': client.tenant,
        'x-okapi-user-id': '',
        'X-okapi-USER-id': USER
      }
      expect((await client.ask('GET', '/marc-migrations', undefined, headers)).status).toBe(200)
      const started = await client.ask('POST', '/marc-migrations', { ...AUTHORITY, entityType: 'instance' }, headers)
      expect(started).toMatchObject({ status: 201, json: { userId: USER } })
    })

    test('C-49: token and tenant of the PUT arrive at the storage unchanged', async () => {
      const { id } = await client.mapped('instance')
      await client.save(id)
      const calls = bulkCalls('instance', id)
      expect(calls.length).toBeGreaterThan(0)
      for (const { headers } of calls) {
        expect(headers).toMatchObject({ 'x-okapi-token': TOKEN, 'x-okapi-tenant': client.tenant })
      }
    })

    test('C-50: every refusal in JSON has the list envelope', async () => {
      const id = randomUUID()
      const path = `/marc-migrations/${id}`
      for (const answer of [
        await client.ask('GET', '/marc-migrations?limit=1001&offset=-3'),
        await client.ask('GET', path),
        await client.ask('GET', `${path}/chunks`),
        await client.ask('GET', `${path}/error-report/status`),
        await client.ask('GET', '/marc-migrations/'),
        await client.ask('GET', `${path}/no-such-thing`),
        await client.ask('DELETE', path),
        await client.ask('POST', '/marc-migrations', {}),
        await client.ask('POST', '/marc-migrations', AUTHORITY, { 'x-okapi-user-id': '' }),
        await client.ask('POST', '/marc-migrations', AUTHORITY, { 'content-type': 'text/plain' }),
        await client.ask('POST', '/marc-migrations', AUTHORITY, { 'x-okapi-url': 'http://169.254.169.254' }),
        await client.ask('GET', '/marc-migrations', undefined, { 'x-okapi-tenant': 'nobody' }),
        await client.send('PUT', path, '{'),
        await client.ask('PUT', path, { status: 'data_saving' }),
        await client.ask('POST', `${path}/retry`, []),
        await client.ask('POST', `${path}/save/retry`, [id]),
        await client.ask('POST', `${path}/pause`),
        await client.ask('PATCH', '/admin/health')
      ]) {
        expect(answer.status).toBeGreaterThanOrEqual(400)
        expect(answer.status).toBeLessThan(500)
        expect(errorsOf(answer).errors.length).toBeGreaterThanOrEqual(1)
        expect(errorsOf(answer).total_records).toBe(errorsOf(answer).errors.length)
      }
    })
  }
)

function threeOperations(): NonNullable<typeof listed> {
  listed ??= (async () => {
    const own = await cluster.aTenant()
    const operations: OperationBody[] = []
    for (const type of ['authority', 'instance', 'authority'] as const) operations.push(await own.mapped(type))
    return { client: own, operations }
  })()
  return listed
}

const listOf = (answer: Answer) =>
  answer.json as unknown as { readonly migrationOperations: readonly OperationBody[]; readonly totalRecords: number }
const idsOf = (operations: readonly OperationBody[]): string[] => operations.map(({ id }) => id)

async function entitiesOf(keys: readonly string[]): Promise<Record<string, unknown>[]> {
  const texts = await Promise.all(keys.map((key) => cluster.textOf(key)))
  return texts.flatMap((text) => {
    const lines = text.split('\n')
    expect(lines.pop()).toBe('')
    return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  })
}

/** A tenant of which no rules are known yet, and none can be had. */
async function withoutMetadata(): Promise<TenantClient> {
  cluster.peers.always('metadata', fates.answer(500, 'out of order'))
  return await cluster.aTenant()
}

function bulkCalls(type: 'authority' | 'instance', operationId: string) {
  return cluster.peers.callsTo(type).filter(({ body }) => {
    const { recordsFileName } = body as { readonly recordsFileName: string }
    return recordsFileName.startsWith(`${SUB_PATH}/operation/${operationId}/`)
  })
}

function bulkBodies(type: 'authority' | 'instance', operationId: string) {
  return bulkCalls(type, operationId).map(
    ({ body }) => body as { readonly recordsFileName: string; readonly publishEvents?: boolean }
  )
}

/** An instance run whose two chunks are saved but for two records each, with these lines in their files of reasons. */
async function savedWithErrors(reasons: readonly string[]): Promise<string> {
  cluster.peers.always('instance', fates.planted(2, reasons))
  const { id } = await client.mapped('instance')
  expect((await client.save(id)).status).toBe('data_saving_failed')
  return id
}

async function reported(id: string): Promise<void> {
  expect((await client.ask('POST', `/marc-migrations/${id}/error-report`)).status).toBe(204)
  const status = async () => (await client.ask('GET', `/marc-migrations/${id}/error-report/status`)).json['status']
  await expect.poll(status, { timeout: 60_000, interval: 50 }).toBe('completed')
}

async function errorsOfReport(id: string, query = ''): Promise<readonly Record<string, unknown>[]> {
  const answer = await client.ask('GET', `/marc-migrations/${id}/error-report/errors${query}`)
  expect(answer.status).toBe(200)
  return (answer.json as unknown as { errorReports: readonly Record<string, unknown>[] }).errorReports
}
