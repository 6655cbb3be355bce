import { describe, expect } from 'vitest'
import {
  aDraft,
  aMappedOperation,
  aPublishedOperation,
  armedOf,
  aSavingOperation,
  aSplitOperation,
  claimAll,
  claimOne,
  lapseLeases,
  LEASE_MS,
  mappedTally,
  reread,
  RULES,
  savedTally,
  SCHEMA,
  test
} from '../support/store-fixtures.ts'

const armedRows = 'select operation_id from marc_migrations_control.armed_check'

describe('the end of the mapping', () => {
  test('is COMPLETED when nothing was rejected; the armed row goes with it', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores)
    for (const claim of await claimAll(stores, operation)) {
      expect(await stores.check.finalise(armedOf(operation), LEASE_MS)).toEqual({ outcome: 'open' })
      await stores.chunks.count(claim, mappedTally(claim))
    }
    expect(await stores.check.finalise(armedOf(operation), LEASE_MS)).toEqual({
      outcome: 'finalised',
      status: 'DATA_MAPPING_COMPLETED',
      stopReason: null
    })
    expect(await reread(stores, operation)).toMatchObject({ endTimeMapping: expect.any(Date) as Date, endTimeSaving: null })
    expect(await db.query(armedRows)).toEqual([])
  })

  test('is FAILED, without a stop reason, when anything was rejected', async ({ stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    await stores.chunks.count(claim, mappedTally(claim, 9, 1))
    expect(await stores.check.finalise(armedOf(operation), LEASE_MS)).toEqual({
      outcome: 'finalised',
      status: 'DATA_MAPPING_FAILED',
      stopReason: null
    })
  })

  test('is COMPLETED at once when there is nothing to map', async ({ stores }) => {
    const operation = await aSplitOperation(stores, { chunks: 0 })
    expect(await stores.check.finalise(armedOf(operation), LEASE_MS)).toMatchObject({ status: 'DATA_MAPPING_COMPLETED' })
  })

  test('never comes before the seal, however many are processed', async ({ stores }) => {
    const started = await stores.operations.start(aDraft())
    expect(await stores.check.finalise(armedOf(started), LEASE_MS)).toEqual({ outcome: 'open' })
    const range = await stores.split.claimRange('diku', started.id, 'me', LEASE_MS)
    if (range === null) throw new Error('no range')
    await stores.split.commitPage('diku', range, { chunks: [], cursor: '1', done: false }, LEASE_MS)
    expect(await stores.check.finalise(armedOf(started), LEASE_MS)).toEqual({ outcome: 'open' })
  })

  test('is a broken invariant when nothing is open and the sums do not close', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    await stores.chunks.count(claim, mappedTally(claim))
    await db.query(`update ${SCHEMA}.operation set total_num_of_records = 11`)
    expect(await stores.check.finalise(armedOf(operation), LEASE_MS)).toEqual({
      outcome: 'finalised',
      status: 'DATA_MAPPING_FAILED',
      stopReason: 'broken invariant'
    })
    expect(await reread(stores, operation)).toMatchObject({ stopReason: 'broken invariant' })
  })

  test('is found by one of many checkers at once', async ({ stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    await stores.chunks.count(claim, mappedTally(claim))
    const verdicts = await Promise.all(Array.from({ length: 6 }, () => stores.check.finalise(armedOf(operation), LEASE_MS)))
    expect(verdicts.map(({ outcome }) => outcome).sort()).toEqual([...Array<string>(5).fill('ended'), 'finalised'])
    const end = (await reread(stores, operation)).endTimeMapping
    await stores.check.finalise(armedOf(operation), LEASE_MS)
    expect((await reread(stores, operation)).endTimeMapping).toEqual(end)
  })

  test('forgets a pause', async ({ stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    await stores.control.pause('diku', operation.id)
    await stores.chunks.count(claim, mappedTally(claim))
    await stores.check.finalise(armedOf(operation), LEASE_MS)
    expect(await reread(stores, operation)).toMatchObject({ status: 'DATA_MAPPING_COMPLETED', control: 'run' })
  })
})

describe('the end of the saving', () => {
  test('is COMPLETED when every record is saved', async ({ stores }) => {
    const operation = await aSavingOperation(stores)
    for (const claim of await claimAll(stores, operation)) await stores.chunks.count(claim, savedTally(claim))
    expect(await stores.check.finalise(armedOf(operation, 'DATA_SAVING'), LEASE_MS)).toMatchObject({
      status: 'DATA_SAVING_COMPLETED',
      stopReason: null
    })
  })

  test('is FAILED when one was not', async ({ stores }) => {
    const operation = await aSavingOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    await stores.chunks.count(claim, savedTally(claim, 9, 1))
    expect(await stores.check.finalise(armedOf(operation, 'DATA_SAVING'), LEASE_MS)).toMatchObject({
      status: 'DATA_SAVING_FAILED',
      stopReason: null
    })
  })

  test('is FAILED while a chunk that was mapped again is not saved, though the counter has reached the total', async ({
    stores
  }) => {
    const operation = await aSavingOperation(stores, { chunks: 2 })
    const saving = armedOf(operation, 'DATA_SAVING')
    const [first, second] = await claimAll(stores, operation)
    if (first === undefined || second === undefined) throw new Error('no claims')
    for (const claim of [first, second]) await stores.chunks.count(claim, savedTally(claim))
    await stores.check.finalise(saving, LEASE_MS)
    await stores.control.retryMapping('diku', operation.id, [first.chunkId])
    await stores.freeze.freeze('diku', operation.id, RULES)
    await stores.publish.mark(armedOf(operation), 10)
    const again = await claimOne(stores, operation)
    await stores.chunks.count(again, mappedTally(again))
    await stores.check.finalise(armedOf(operation), LEASE_MS)
    await stores.control.startSaving('diku', operation.id, [second.chunkId])
    await stores.publish.mark(saving, 10)
    const resaved = await claimOne(stores, operation)
    await stores.chunks.count(resaved, savedTally(resaved))
    expect(await reread(stores, operation)).toMatchObject({ savedRecords: 20, totalRecords: 20 })
    expect(await stores.check.finalise(saving, LEASE_MS)).toMatchObject({ status: 'DATA_SAVING_FAILED' })
  })
})

describe('an armed row', () => {
  test('of an operation, a tenant or a schema that is gone is deleted', async ({ db, stores }) => {
    const here = await stores.operations.start(aDraft())
    const there = await stores.operations.start(aDraft({ tenant: 'college' }))
    await db.query(`delete from ${SCHEMA}.operation`)
    await db.query('drop schema college_mod_marc_migrations cascade')
    for (const operation of [here, there]) {
      expect(await stores.check.finalise(armedOf(operation), LEASE_MS)).toEqual({ outcome: 'gone' })
    }
    expect(await db.query(armedRows)).toEqual([])
  })

  test('is visited by one coordinator a round, and again when its time has come', async ({ stores }) => {
    const operations = [
      await stores.operations.start(aDraft()),
      await stores.operations.start(aDraft({ tenant: 'college' }))
    ]
    const visits = await Promise.all(Array.from({ length: 6 }, () => stores.armed.visit('check', 60_000, 1)))
    expect(
      visits
        .flat()
        .map(({ operationId }) => operationId)
        .sort()
    ).toEqual(operations.map(({ id }) => id).sort())
    expect(await stores.armed.visit('check', 60_000, 10)).toEqual([])
    expect(await stores.armed.visit('publish', 60_000, 10)).toHaveLength(2)
    const [one] = visits.flat()
    if (one === undefined) throw new Error('no visit')
    await stores.armed.revisit('check', one, 0)
    expect(await stores.armed.visit('check', 60_000, 10)).toMatchObject([{ operationId: one.operationId }])
    await stores.armed.revisit('check', { ...one, stage: 'DATA_SAVING' }, 0)
    expect(await stores.armed.visit('check', 60_000, 10)).toEqual([])
    await stores.armed.disarm(one)
    expect(await stores.armed.visit('split', 60_000, 10)).toHaveLength(1)
  })
})

describe('a stage that is stopped', () => {
  test('ends FAILED with the reason; what is open waits for a retry, and nobody works on it', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores)
    const claim = await claimOne(stores, operation)
    expect(await stores.check.stop(claim, { chunk: claim }, 'SOURCE_CHANGED')).toBe(true)
    expect(await reread(stores, operation)).toMatchObject({
      status: 'DATA_MAPPING_FAILED',
      stopReason: 'SOURCE_CHANGED',
      control: 'run'
    })
    expect(await stores.chunks.count(claim, mappedTally(claim))).toBe('fenced')
    expect(await claimAll(stores, operation)).toEqual([])
    expect(await db.query(armedRows)).toEqual([])
    const open = await stores.operations.chunks('diku', operation.id, { offset: 0, limit: 10, only: 'open' })
    expect(open.chunks.map(({ status }) => status)).toEqual(['NEW', 'NEW', 'NEW'])
  })

  test('is not stopped once it has ended', async ({ stores }) => {
    const operation = await aMappedOperation(stores)
    expect(await stores.check.stop(armedOf(operation), { headers: 'missing' }, 'interrupted')).toBe(false)
    expect(await reread(stores, operation)).toMatchObject({ status: 'DATA_MAPPING_COMPLETED', stopReason: null })
    await stores.control.startSaving('diku', operation.id, null)
    expect(await stores.check.stop(armedOf(operation), { headers: 'missing' }, 'interrupted')).toBe(false)
    expect(await reread(stores, operation)).toMatchObject({ status: 'DATA_SAVING', stopReason: null })
  })

  test('is not stopped by a worker that woke from the stage before', async ({ stores }) => {
    const operation = await aSavingOperation(stores, { chunks: 2 })
    const zombie = await claimOne(stores, operation)
    await stores.control.cancel('diku', operation.id, 'cancelled')
    await stores.control.startSaving('diku', operation.id, null)
    expect(await stores.check.stop(zombie, { chunk: zombie }, 'interrupted')).toBe(false)
    await stores.chunks.giveBack(zombie, 'silent')
    expect(await reread(stores, operation)).toMatchObject({ status: 'DATA_SAVING', stopReason: null })
  })

  test('is not stopped by a coordinator that woke with a range another has', async ({ stores }) => {
    const operation = await stores.operations.start(aDraft())
    const range = await stores.split.claimRange('diku', operation.id, 'zombie', LEASE_MS)
    await stores.control.cancel('diku', operation.id, 'cancelled')
    await stores.control.retryMapping('diku', operation.id, null)
    if (range === null) throw new Error('there is a range')
    expect(await stores.check.stop(armedOf(operation), { range }, 'SOURCE_CHANGED')).toBe(false)
    expect(await reread(stores, operation)).toMatchObject({ status: 'DATA_MAPPING', stopReason: null })
  })

  test('is not stopped for want of headers when somebody has brought some meanwhile', async ({ stores }) => {
    const operation = await aMappedOperation(stores)
    await stores.control.startSaving('diku', operation.id, null, { headers: { 'x-okapi-token': 't' } })
    expect(await stores.check.stop(armedOf(operation, 'DATA_SAVING'), { headers: 'missing' }, 'interrupted')).toBe(false)
    expect(await reread(stores, operation)).toMatchObject({ status: 'DATA_SAVING', stopReason: null })
  })
})

describe('tombstones', () => {
  const keys = async (stores: Parameters<typeof reread>[0]) =>
    (await stores.sweep.takeTombstones(100)).flatMap((tombstone) => tombstone.keys)

  test('are none after a run without a second attempt, mapped and saved', async ({ db, stores }) => {
    const operation = await aSavingOperation(stores)
    for (const claim of await claimAll(stores, operation)) await stores.chunks.count(claim, savedTally(claim))
    await stores.check.finalise(armedOf(operation, 'DATA_SAVING'), 0)
    expect(await db.query('select 1 from marc_migrations_control.tombstone')).toEqual([])
  })

  test('name what losing attempts may have left, and nothing of the winner', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 2 })
    const [zombie, calm] = await claimAll(stores, operation)
    if (zombie === undefined || calm === undefined) throw new Error('no claims')
    await stores.chunks.count(calm, mappedTally(calm))
    await lapseLeases(db)
    const winner = await claimOne(stores, operation)
    await stores.chunks.count(winner, mappedTally(winner))
    await stores.check.finalise(armedOf(operation), 0)
    const base = `test/operation/${operation.id}/${zombie.chunkId}`
    expect(await keys(stores)).toEqual([
      `${base}_entity`,
      `${base}_${zombie.stepId}_entity-error`,
      `${base}_${zombie.stepId}_error`
    ])
  })

  test('after a cancel name what live workers may still write', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    await stores.control.cancel('diku', operation.id, 'cancelled')
    expect(await keys(stores)).toEqual([])
    await db.query(`update marc_migrations_control.tombstone set due_at = now()`)
    expect(await keys(stores)).toContain(`test/operation/${operation.id}/${claim.chunkId}_entity`)
  })

  test('of a repeated saving leave the mapping alone', async ({ db, stores }) => {
    const operation = await aSavingOperation(stores, { chunks: 1 })
    const zombie = await claimOne(stores, operation)
    await lapseLeases(db)
    const winner = await claimOne(stores, operation)
    await stores.chunks.count(winner, savedTally(winner))
    await stores.check.finalise(armedOf(operation, 'DATA_SAVING'), 0)
    const base = `test/operation/${operation.id}/${zombie.chunkId}_${zombie.stepId}_e2`
    // The storage module, too, writes under names made of the file's that it was given.
    const sent = ['_entity', '_entity_failedEntities', '_entity_errors']
    expect(await keys(stores)).toEqual(['_entity-error', '_error', ...sent].map((ending) => `${base}${ending}`))
  })

  test('are taken by one at a time, come back when nobody buried them, and go when somebody did', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    await claimOne(stores, operation)
    await stores.control.cancel('diku', operation.id, 'cancelled')
    await db.query(`update marc_migrations_control.tombstone set due_at = now()`)
    const taken = (await Promise.all([1, 2, 3].map(() => stores.sweep.takeTombstones(10)))).flat()
    expect(taken).toHaveLength(1)
    await db.query(`update marc_migrations_control.tombstone set due_at = due_at - interval '1 minute'`)
    const [again] = await stores.sweep.takeTombstones(10)
    if (again === undefined) throw new Error('no tombstone')
    await stores.sweep.bury(again)
    expect(await db.query('select 1 from marc_migrations_control.tombstone')).toEqual([])
  })
})
