import { describe, expect } from 'vitest'
import { aDraft, aMappedOperation, armedOf, reread, SCHEMA, test } from '../support/store-fixtures.ts'

describe('starting an operation', () => {
  test('leaves it new and armed, with its source, a report and one range over everything', async ({ db, stores }) => {
    const draft = aDraft({ totalRecords: 7 })
    const started = await stores.operations.start(draft)
    expect(started).toMatchObject({ ...draft, status: 'NEW', control: 'run', mappedRecords: 0, chunkingSealed: false })
    expect(await reread(stores, started)).toEqual(started)
    expect(await db.query(`select status::text, id = operation_id as same from ${SCHEMA}.operation_error_report`)).toEqual([
      { status: 'NOT_STARTED', same: true }
    ])
    expect(await stores.armed.visit('split', 1000, 10)).toMatchObject([
      { tenant: 'diku', operationId: draft.id, stage: 'DATA_MAPPING' }
    ])
    expect(await stores.split.claimRange('diku', draft.id, 'me', 1000)).toMatchObject({
      from: null,
      to: null,
      cursor: null,
      firstPosition: 0,
      epoch: 1
    })
  })

  test('keeps upper case in the table, as the module replaced does, and lower case to us', async ({ db, stores }) => {
    const { id } = await stores.operations.start(
      aDraft({ entityType: 'instance', operationType: 'remapping', source: null })
    )
    expect(await db.query(`select entity_type, operation_type from ${SCHEMA}.operation where id = $1`, [id])).toEqual([
      { entity_type: 'INSTANCE', operation_type: 'REMAPPING' }
    ])
  })

  test('leaves nothing when it fails in the middle', async ({ db, stores }) => {
    const draft = aDraft()
    await db.query(`insert into marc_migrations_control.armed_check (tenant, operation_id, stage)
      values ('diku', '${draft.id}', 'DATA_MAPPING')`)
    await expect(stores.operations.start(draft)).rejects.toThrow('armed_check')
    expect(await stores.operations.get('diku', draft.id)).toBeNull()
  })

  test('seals the request headers, and opens them for who has the key', async ({ db, stores }) => {
    const headers = { 'x-okapi-token': 'canary-7f3a', 'x-okapi-url': 'http://okapi' }
    const operation = await stores.operations.start(aDraft({ headers }))
    expect(await stores.armed.headers(armedOf(operation))).toEqual(headers)
    const [row] = await db.query<{ sealed: Buffer }>('select sealed from marc_migrations_control.stage_secret')
    expect(row?.sealed.toString('latin1')).not.toContain('canary')
    await db.query(`update marc_migrations_control.stage_secret set operation_id = gen_random_uuid()`)
    const [moved] = await db.query<{ operation_id: string }>('select operation_id from marc_migrations_control.stage_secret')
    await expect(stores.armed.headers(armedOf({ tenant: 'diku', id: moved?.operation_id ?? '' }))).rejects.toThrow()
    expect(await stores.armed.headers(armedOf(operation))).toEqual({})
  })

  test('the headers go with the end of the stage', async ({ db, stores }) => {
    await aMappedOperation(stores, { headers: { 'x-okapi-token': 'canary' } })
    expect(await db.query('select 1 from marc_migrations_control.stage_secret')).toEqual([])
  })
})

describe('an idempotency key', () => {
  test('answers the same operation, also to ten requests at once', async ({ stores }) => {
    const started = await Promise.all(
      Array.from({ length: 10 }, () => stores.operations.start(aDraft({ idempotencyKey: 'once' })))
    )
    expect(new Set(started.map(({ id }) => id)).size).toBe(1)
    expect((await stores.operations.list('diku', { offset: 0, limit: 10 })).totalRecords).toBe(1)
  })

  test('is each tenant its own', async ({ stores }) => {
    const here = await stores.operations.start(aDraft({ idempotencyKey: 'once' }))
    const there = await stores.operations.start(aDraft({ idempotencyKey: 'once', tenant: 'college' }))
    expect(there.id).not.toBe(here.id)
  })

  test('that stood for another request is refused', async ({ stores }) => {
    await stores.operations.start(aDraft({ idempotencyKey: 'once' }))
    await expect(stores.operations.start(aDraft({ idempotencyKey: 'once', entityType: 'instance' }))).rejects.toMatchObject({
      code: 'IDEMPOTENCY_KEY_REUSED'
    })
  })

  test('is as good as new after 24 hours', async ({ db, stores }) => {
    const first = await stores.operations.start(aDraft({ idempotencyKey: 'once' }))
    await db.query(`update ${SCHEMA}.idempotency_key set created_at = now() - interval '24 hours 1 second'`)
    const second = await stores.operations.start(aDraft({ idempotencyKey: 'once', entityType: 'instance' }))
    expect(second.id).not.toBe(first.id)
    expect((await stores.operations.start(aDraft({ idempotencyKey: 'once', entityType: 'instance' }))).id).toBe(second.id)
  })
})

describe('the list of operations', () => {
  test('has those not started first, then the newest start, then ids', async ({ db, stores }) => {
    const ids = ['1', '2', '3', '4'].map((n) => `00000000-0000-0000-0000-00000000000${n}`)
    for (const id of [...ids].reverse()) await stores.operations.start(aDraft({ id }))
    await db.query(`update ${SCHEMA}.operation set start_time_mapping = '2026-01-01T00:00:00' where id = $1`, [ids[0]])
    await db.query(`update ${SCHEMA}.operation set start_time_mapping = '2026-01-02T00:00:00' where id = $1`, [ids[3]])
    const listed = async (offset: number, limit: number) =>
      (await stores.operations.list('diku', { offset, limit })).operations.map(({ id }) => id)
    expect(await listed(0, 10)).toEqual([ids[1], ids[2], ids[3], ids[0]])
    expect(await listed(1, 2)).toEqual([ids[2], ids[3]])
  })

  test('counts all that match, not the page, and knows no other tenant', async ({ stores }) => {
    for (const entityType of ['authority', 'instance', 'authority'] as const) {
      await stores.operations.start(aDraft({ entityType, operationType: 'remapping', source: null }))
    }
    const page = await stores.operations.list('diku', { offset: 1, limit: 5, entityType: 'authority' })
    expect([page.operations.length, page.totalRecords]).toEqual([1, 2])
    expect(await stores.operations.list('college', { offset: 0, limit: 5 })).toEqual({ operations: [], totalRecords: 0 })
  })
})
