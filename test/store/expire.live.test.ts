import type { Operation } from '@marc-migrations/domain'
import { describe, expect } from 'vitest'
import { deleteOperation } from '../../libs/store/src/operations/delete-operation.ts'
import { expireOperations } from '../../libs/store/src/operations/expire-operations.ts'
import { retryMapping } from '../../libs/store/src/control/retry-mapping.ts'
import { javaJob, javaSchema } from '../support/java-tables.ts'
import type { TestDatabase } from '../support/postgres.ts'
import {
  aDraft,
  aMappedOperation,
  aPublishedOperation,
  armedOf,
  aSavingOperation,
  claimAll,
  LEASE_MS,
  mappedTally,
  SCHEMA,
  test
} from '../support/store-fixtures.ts'
import { aParty, someoneWaits } from '../support/store-steps.ts'

const WEEK = { olderThanDays: 7, deleteObjects: true }

const began = (db: TestDatabase, { id }: Operation, daysAgo: number) =>
  db.query(
    `update ${SCHEMA}.operation
        set start_time_mapping = (now() at time zone 'utc') - $2::float8 * interval '1 day' where id = $1`,
    [id, daysAgo]
  )

const countOf = async (db: TestDatabase, table: string) =>
  (await db.query<{ n: number }>(`select count(*)::int as n from ${table}`))[0]?.n

describe('expiry', () => {
  test('deletes what is old and over, and spares what runs or has never begun', async ({ db, stores }) => {
    const old = await aMappedOperation(stores)
    const young = await aMappedOperation(stores)
    const mapping = await aPublishedOperation(stores)
    const saving = await aSavingOperation(stores)
    const fresh = await stores.operations.start(aDraft())
    await began(db, old, 7.01)
    await began(db, young, 6.99)
    for (const operation of [mapping, saving]) await began(db, operation, 100)
    expect(await stores.operations.expire('diku', WEEK)).toEqual([old.id])
    expect(await stores.operations.expire('diku', WEEK)).toEqual([])
    const { operations } = await stores.operations.list('diku', { offset: 0, limit: 10 })
    expect(operations.map(({ id }) => id).sort()).toEqual([young, mapping, saving, fresh].map(({ id }) => id).sort())
    expect(await stores.operations.get('diku', old.id)).toBeNull()
  })

  test('takes every row with the operation, and leaves the objects to a tombstone', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, {
      chunks: 3,
      idempotencyKey: 'once',
      headers: { 'x-okapi-token': 't' }
    })
    for (const claim of await claimAll(stores, operation)) await stores.chunks.count(claim, mappedTally(claim, 9, 1))
    await stores.check.finalise(armedOf(operation), LEASE_MS)
    await stores.reports.request('diku', operation.id)
    const build = await stores.reportBuilds.begin({ tenant: 'diku', operationId: operation.id })
    if (build === null) throw new Error('no build')
    for await (const step of stores.reportBuilds.failedSteps(build))
      await stores.reportBuilds.add(build, step, 0, [{ recordId: '<unknown>', message: 'why' }])
    await began(db, operation, 8)
    expect(await stores.operations.expire('diku', WEEK)).toEqual([operation.id])
    const own = ['operation', 'operation_chunk', 'operation_chunk_step', 'operation_error_report', 'operation_error']
    for (const table of [...own, 'split_range', 'idempotency_key']) expect(await countOf(db, `${SCHEMA}.${table}`)).toBe(0)
    for (const table of ['armed_check', 'stage_secret'])
      expect(await countOf(db, `marc_migrations_control.${table}`)).toBe(0)
    // Due when the last worker whose lease is lost has stopped writing.
    expect(await stores.sweep.takeTombstones(10)).toEqual([])
    expect(
      await db.query("select keys, due_at > now() + interval '50 s' as later from marc_migrations_control.tombstone")
    ).toEqual([{ keys: [`test/operation/${operation.id}/`], later: true }])
  })

  test('leaves the objects where they are when told so', async ({ db, stores }) => {
    const operation = await aMappedOperation(stores)
    await began(db, operation, 8)
    expect(await stores.operations.expire('diku', { olderThanDays: 7, deleteObjects: false })).toEqual([operation.id])
    expect(await countOf(db, 'marc_migrations_control.tombstone')).toBe(0)
  })

  test('spares an operation that is mapped again at this moment', async ({ db, stores }) => {
    const operation = await aMappedOperation(stores)
    await began(db, operation, 8)
    const one = await aParty(db)
    const other = await aParty(db)
    const there = one.stopBefore('commit')
    const retrying = retryMapping(one.context, 'diku', operation.id, null)
    await there
    const expiring = expireOperations(other.context, 'diku', WEEK)
    await someoneWaits(db)
    one.goOn()
    expect(await retrying).toMatchObject({ outcome: 'done' })
    expect(await expiring).toEqual([])
  })

  test('a retry that comes while an operation is deleted finds none', async ({ db, stores }) => {
    const operation = await aMappedOperation(stores)
    await began(db, operation, 8)
    const one = await aParty(db)
    const other = await aParty(db)
    const there = one.stopBefore('commit')
    const expiring = expireOperations(one.context, 'diku', WEEK)
    await there
    const retrying = retryMapping(other.context, 'diku', operation.id, null)
    await someoneWaits(db)
    one.goOn()
    expect(await expiring).toEqual([operation.id])
    expect(await retrying).toEqual({ outcome: 'unknown' })
  })

  test('deletes more rows than one statement may', async ({ db, stores }) => {
    const operation = await aMappedOperation(stores, { chunks: 1 })
    await db.query(
      `insert into ${SCHEMA}.operation_error (id, report_id)
       select gen_random_uuid(), $1 from generate_series(1, 20000)`,
      [operation.id]
    )
    const party = await aParty(db)
    await party.context.db.transaction((on) => deleteOperation(party.context, on, operation, false))
    expect(await countOf(db, `${SCHEMA}.operation_error`)).toBe(0)
    expect(await countOf(db, `${SCHEMA}.operation`)).toBe(0)
  })

  test('deletes batch rows of the module replaced that are as old, and keeps the younger', async ({ db, stores }) => {
    await db.query(javaSchema('uni'))
    await stores.tenants.register('uni')
    await db.query(javaJob('uni', { number: 1, name: 'remapping', updated: '2020-01-01', params: { operationId: 'x' } }))
    await db.query(javaJob('uni', { number: 2, name: 'remapping', updated: '2999-01-01', params: { operationId: 'y' } }))
    await stores.operations.expire('uni', WEEK)
    for (const table of ['job_instance', 'job_execution', 'job_execution_params', 'job_execution_context', 'step_execution'])
      expect(await countOf(db, `uni_mod_marc_migrations.batch_${table}`)).toBe(1)
    expect(
      await db.query('select step_execution_id as id from uni_mod_marc_migrations.batch_step_execution_context')
    ).toEqual([{ id: '2' }])
  })
})
