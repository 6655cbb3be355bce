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
  sums,
  test
} from '../support/store-fixtures.ts'

const SECRETS = 'select 1 from marc_migrations_control.stage_secret'
const ARMED = 'select stage from marc_migrations_control.armed_check'

describe('pause', () => {
  test('keeps the status, and lets chunks with a worker end', async ({ stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 2 })
    const claim = await claimOne(stores, operation)
    expect(await stores.control.pause('diku', operation.id)).toMatchObject({
      outcome: 'done',
      before: { control: 'run', status: 'DATA_MAPPING' }
    })
    expect(await reread(stores, operation)).toMatchObject({ control: 'pause', status: 'DATA_MAPPING' })
    expect(await stores.chunks.renew(claim, LEASE_MS)).toBe(true)
    expect(await stores.chunks.count(claim, mappedTally(claim))).toBe('counted')
    expect(await claimAll(stores, operation)).toEqual([])
    expect(await stores.control.resume('diku', operation.id)).toMatchObject({
      outcome: 'done',
      before: { control: 'pause' }
    })
    expect(await claimAll(stores, operation)).toHaveLength(1)
  })

  test('is for what runs, resume for what is paused; neither is for what is not there', async ({ stores }) => {
    const operation = await aMappedOperation(stores)
    expect(await stores.control.pause('diku', operation.id)).toMatchObject({ outcome: 'forbidden' })
    expect(await stores.control.resume('diku', operation.id)).toMatchObject({ outcome: 'forbidden' })
    const fresh = await stores.operations.start(aDraft())
    expect(await stores.control.resume('diku', fresh.id)).toMatchObject({ outcome: 'forbidden' })
    expect(await stores.control.pause('diku', fresh.id)).toMatchObject({ outcome: 'done' })
    for (const verb of ['pause', 'resume'] as const) {
      expect(await stores.control[verb]('college', fresh.id)).toEqual({ outcome: 'unknown' })
    }
  })
})

describe('cancel', () => {
  test('fences every open chunk, ends the stage FAILED and leaves what was counted', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 3, headers: { 'x-okapi-token': 't' } })
    const [counted, live] = await claimAll(stores, operation)
    if (counted === undefined || live === undefined) throw new Error('no claims')
    await stores.chunks.count(counted, mappedTally(counted))
    expect(await stores.control.cancel('diku', operation.id, 'cancelled')).toMatchObject({
      outcome: 'done',
      before: { status: 'DATA_MAPPING', mappedRecords: 10 }
    })
    expect(await reread(stores, operation)).toMatchObject({
      status: 'DATA_MAPPING_FAILED',
      control: 'cancel',
      stopReason: 'cancelled',
      mappedRecords: 10,
      endTimeMapping: expect.any(Date) as Date
    })
    expect(await stores.chunks.renew(live, LEASE_MS)).toBe(false)
    const { chunks } = await stores.operations.chunks('diku', operation.id, { offset: 0, limit: 9 })
    expect(chunks.map(({ status, open, leaseOwner }) => [status, open, leaseOwner])).toEqual([
      ['DATA_MAPPING_COMPLETED', false, null],
      ['NEW', true, null],
      ['NEW', true, null]
    ])
    const [ended] = await db.query(`select status::text from ${SCHEMA}.operation_chunk_step where id = $1`, [live.stepId])
    expect(ended).toEqual({ status: 'FAILED' })
    expect([await db.query(ARMED), await db.query(SECRETS)]).toEqual([[], []])
  })

  test('of an operation that has not begun ends it, too', async ({ stores }) => {
    const { id } = await stores.operations.start(aDraft())
    await stores.control.cancel('diku', id, 'cancelled')
    expect(await reread(stores, { tenant: 'diku', id })).toMatchObject({ status: 'DATA_MAPPING_FAILED' })
    expect(await stores.control.cancel('diku', id, 'cancelled')).toMatchObject({ outcome: 'forbidden' })
  })

  test('of a saving ends that', async ({ stores }) => {
    const operation = await aSavingOperation(stores)
    await claimOne(stores, operation)
    await stores.control.cancel('diku', operation.id, 'cancelled')
    expect(await reread(stores, operation)).toMatchObject({
      status: 'DATA_SAVING_FAILED',
      endTimeSaving: expect.any(Date) as Date
    })
  })

  test('is cured by a retry of what is open, which also goes on with the split', async ({ stores }) => {
    const started = await stores.operations.start(aDraft())
    await stores.control.cancel('diku', started.id, 'cancelled')
    await stores.control.retryMapping('diku', started.id, null)
    expect(await reread(stores, started)).toMatchObject({ status: 'DATA_MAPPING', control: 'run', stopReason: null })
    const range = await stores.split.claimRange('diku', started.id, 'me', LEASE_MS)
    expect(range).toMatchObject({ epoch: 2 })
  })
})

describe('a retry of the mapping', () => {
  test('takes the listed shares off once, and maps these chunks again under new rules', async ({ db, stores }) => {
    const operation = await aMappedOperation(stores, { chunks: 3 })
    await db.query(`update ${SCHEMA}.operation_error_report set status = 'COMPLETED'`)
    await db.query(`insert into ${SCHEMA}.operation_error (id, report_id) values (gen_random_uuid(), $1)`, [operation.id])
    const { chunks } = await stores.operations.chunks('diku', operation.id, { offset: 0, limit: 9 })
    const ids = chunks.slice(0, 2).map(({ id }) => id)
    const headers = { 'x-okapi-token': 'of the retry' }
    const answer = await stores.control.retryMapping('diku', operation.id, [...ids, ...ids, operation.id], headers)
    expect(answer).toMatchObject({ outcome: 'done', before: { mappedRecords: 30, status: 'DATA_MAPPING_COMPLETED' } })
    const retried = await reread(stores, operation)
    expect(sums(retried)).toMatchObject({ total: 30, mapped: 10 })
    expect(retried).toMatchObject({
      status: 'DATA_MAPPING',
      rulesHash: null,
      endTimeMapping: null,
      startTimeMapping: operation.startTimeMapping
    })
    expect(await stores.armed.headers(armedOf(operation))).toEqual(headers)
    expect(await db.query(`select status::text from ${SCHEMA}.operation_error_report`)).toEqual([{ status: 'NOT_STARTED' }])
    expect(await db.query(`select 1 from ${SCHEMA}.operation_error`)).toEqual([])
    await stores.freeze.freeze('diku', operation.id, { ...RULES, hash: 'c'.repeat(64) })
    await stores.publish.mark(armedOf(operation), 10)
    const claims = await claimAll(stores, operation)
    expect(claims.map(({ chunkId, epoch, rulesHash }) => [chunkId, epoch, rulesHash])).toEqual(
      ids.map((id) => [id, 3, 'c'.repeat(64)])
    )
    const steps = await db.query(`select 1 from ${SCHEMA}.operation_chunk_step`)
    expect(steps).toHaveLength(3)
    for (const claim of claims) await stores.chunks.count(claim, mappedTally(claim))
    expect(await stores.check.finalise(armedOf(operation), LEASE_MS)).toMatchObject({ status: 'DATA_MAPPING_COMPLETED' })
  })

  test('leaves chunks of other operations alone, and ends at once when it lists none', async ({ stores }) => {
    const operation = await aMappedOperation(stores, { chunks: 1 })
    const other = await aMappedOperation(stores, { chunks: 1 })
    const [foreign] = (await stores.operations.chunks('diku', other.id, { offset: 0, limit: 1 })).chunks
    await stores.control.retryMapping('diku', operation.id, [foreign?.id ?? ''])
    expect(sums(await reread(stores, other))).toMatchObject({ mapped: 10 })
    expect(await stores.check.finalise(armedOf(operation), LEASE_MS)).toMatchObject({ status: 'DATA_MAPPING_COMPLETED' })
  })

  test('without ids takes what failed and what is open, but not what a worker has', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 4 })
    const [failed, fine, live, lapsed] = await claimAll(stores, operation)
    if (failed === undefined || fine === undefined || live === undefined || lapsed === undefined) throw new Error('claims')
    await stores.chunks.count(failed, mappedTally(failed, 4, 6))
    await stores.chunks.count(fine, mappedTally(fine))
    await db.query(`update ${SCHEMA}.operation_chunk set lease_until = now() where id = $1`, [lapsed.chunkId])
    await stores.control.retryMapping('diku', operation.id, null)
    const { chunks } = await stores.operations.chunks('diku', operation.id, { offset: 0, limit: 9 })
    expect(chunks.map(({ epoch }) => epoch)).toEqual([2, 1, 1, 2])
    expect(sums(await reread(stores, operation))).toMatchObject({ mapped: 10, rejected: 0 })
    expect(await stores.chunks.count(live, mappedTally(live))).toBe('counted')
    expect(await stores.chunks.count(lapsed, mappedTally(lapsed))).toBe('fenced')
  })

  test('takes every chunk off the saving, claimed or not; what was saved stays counted', async ({ stores }) => {
    const operation = await aSavingOperation(stores, { chunks: 3 })
    const [saved, live] = await claimAll(stores, operation)
    if (saved === undefined || live === undefined) throw new Error('no claims')
    await stores.chunks.count(saved, savedTally(saved))
    await stores.control.retryMapping('diku', operation.id, [saved.chunkId])
    expect(await stores.chunks.count(live, savedTally(live))).toBe('fenced')
    expect(sums(await reread(stores, operation))).toMatchObject({ mapped: 20, saved: 10 })
    const { chunks } = await stores.operations.chunks('diku', operation.id, { offset: 0, limit: 9 })
    expect(chunks.map(({ open, stage, status }) => [open, stage, status])).toEqual([
      [true, 'DATA_MAPPING', 'DATA_MAPPING'],
      [false, 'DATA_SAVING', 'DATA_MAPPING_COMPLETED'],
      [false, 'DATA_SAVING', 'DATA_MAPPING_COMPLETED']
    ])
    await stores.freeze.freeze('diku', operation.id, RULES)
    await stores.publish.mark(armedOf(operation), 10)
    const again = await claimOne(stores, operation)
    await stores.chunks.count(again, mappedTally(again))
    expect(await stores.check.finalise(armedOf(operation), LEASE_MS)).toMatchObject({ status: 'DATA_MAPPING_COMPLETED' })
    // The next saving replaces the share of the chunk that was saved before.
    await stores.control.startSaving('diku', operation.id, null)
    expect(sums(await reread(stores, operation))).toMatchObject({ mapped: 30, saved: 0 })
  })

  test('starts a paused or cancelled operation again', async ({ stores }) => {
    const operation = await aSplitOperation(stores)
    await stores.control.pause('diku', operation.id)
    await stores.control.retryMapping('diku', operation.id, null)
    expect(await reread(stores, operation)).toMatchObject({ control: 'run' })
  })

  test('of an unknown operation is unknown', async ({ stores }) => {
    const { id } = await stores.operations.start(aDraft())
    expect(await stores.control.retryMapping('college', id, null)).toEqual({ outcome: 'unknown' })
  })
})

describe('saving', () => {
  test('needs a mapping without rejects', async ({ stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    expect(await stores.control.startSaving('diku', operation.id, null)).toMatchObject({ outcome: 'forbidden' })
    const claim = await claimOne(stores, operation)
    await stores.chunks.count(claim, mappedTally(claim, 9, 1))
    await stores.check.finalise(armedOf(operation), LEASE_MS)
    expect(await stores.control.startSaving('diku', operation.id, null)).toMatchObject({
      outcome: 'forbidden',
      before: { status: 'DATA_MAPPING_FAILED' }
    })
    expect(sums(await reread(stores, operation))).toMatchObject({ saved: 0 })
  })

  test('is put once, and repeated for what failed with the shares taken off once', async ({ db, stores }) => {
    const operation = await aSavingOperation(stores, { chunks: 2 })
    expect(await stores.control.startSaving('diku', operation.id, null)).toMatchObject({ outcome: 'forbidden' })
    const [good, bad] = await claimAll(stores, operation)
    if (good === undefined || bad === undefined) throw new Error('no claims')
    await stores.chunks.count(good, savedTally(good))
    await stores.chunks.count(bad, savedTally(bad, 3, 7))
    await stores.check.finalise(armedOf(operation, 'DATA_SAVING'), LEASE_MS)
    expect(await stores.control.startSaving('diku', operation.id, null)).toMatchObject({
      outcome: 'done',
      before: { status: 'DATA_SAVING_FAILED', savedRecords: 13 }
    })
    expect(sums(await reread(stores, operation))).toMatchObject({ saved: 10 })
    await stores.publish.mark(armedOf(operation, 'DATA_SAVING'), 10)
    const again = await claimOne(stores, operation)
    expect(again).toMatchObject({ chunkId: bad.chunkId, stepId: bad.stepId })
    await stores.chunks.count(again, savedTally(again))
    expect(await stores.check.finalise(armedOf(operation, 'DATA_SAVING'), LEASE_MS)).toMatchObject({
      status: 'DATA_SAVING_COMPLETED'
    })
    expect(sums(await reread(stores, operation))).toMatchObject({ saved: 20, total: 20 })
    const steps = await db.query(`select operation_step from ${SCHEMA}.operation_chunk_step`)
    expect(steps).toHaveLength(4)
  })

  test('of listed chunks enlists these only', async ({ stores }) => {
    const operation = await aMappedOperation(stores, { chunks: 3 })
    const [one] = (await stores.operations.chunks('diku', operation.id, { offset: 0, limit: 1 })).chunks
    await stores.control.startSaving('diku', operation.id, [one?.id ?? ''])
    await stores.publish.mark(armedOf(operation, 'DATA_SAVING'), 10)
    const claims = await claimAll(stores, operation)
    expect(claims.map(({ chunkId }) => chunkId)).toEqual([one?.id])
    for (const claim of claims) await stores.chunks.count(claim, savedTally(claim))
    expect(await stores.check.finalise(armedOf(operation, 'DATA_SAVING'), LEASE_MS)).toMatchObject({
      status: 'DATA_SAVING_FAILED'
    })
  })
})

describe('the right to save', () => {
  const publishSaving = async (stores: Parameters<typeof reread>[0], operation: Parameters<typeof armedOf>[0]) =>
    (await stores.publish.mark(armedOf(operation, 'DATA_SAVING'), 100)).length

  test('is one operation at a time for a tenant and an entity type', async ({ stores }) => {
    const owner = await aSavingOperation(stores, { chunks: 1 })
    const waiter = await aMappedOperation(stores)
    const other = await aMappedOperation(stores, { entityType: 'instance' })
    const elsewhere = await aMappedOperation(stores, { tenant: 'college' })
    for (const { tenant, id } of [waiter, other, elsewhere]) await stores.control.startSaving(tenant, id, null)
    expect(await stores.publish.demand(armedOf(waiter, 'DATA_SAVING'), 10)).toEqual({ outstanding: 0, due: 0 })
    expect(await publishSaving(stores, waiter)).toBe(0)
    expect(await publishSaving(stores, other)).toBe(3)
    expect(await publishSaving(stores, elsewhere)).toBe(3)
    const claim = await claimOne(stores, owner)
    await stores.chunks.count(claim, savedTally(claim))
    await stores.check.finalise(armedOf(owner, 'DATA_SAVING'), LEASE_MS)
    expect(await stores.publish.demand(armedOf(waiter, 'DATA_SAVING'), 10)).toEqual({ outstanding: 0, due: 3 })
    expect(await publishSaving(stores, waiter)).toBe(3)
  })

  test('goes to who has waited longest', async ({ stores }) => {
    const owner = await aSavingOperation(stores, { chunks: 1 })
    const first = await aMappedOperation(stores)
    const second = await aMappedOperation(stores)
    for (const { id } of [first, second]) await stores.control.startSaving('diku', id, null)
    await stores.control.cancel('diku', owner.id, 'cancelled')
    expect(await publishSaving(stores, second)).toBe(0)
    expect(await publishSaving(stores, first)).toBe(3)
    await stores.control.cancel('diku', first.id, 'cancelled')
    expect(await publishSaving(stores, second)).toBe(3)
  })

  test.for(['cancel', 'retry', 'release'] as const)(
    'is not had before the last saving lease that a %s fenced has run out',
    async (how, { db, stores }) => {
      const owner = await aSavingOperation(stores)
      const claim = await claimOne(stores, owner)
      const waiter = await aMappedOperation(stores)
      await stores.control.startSaving('diku', waiter.id, null)
      if (how === 'cancel') await stores.control.cancel('diku', owner.id, 'cancelled')
      if (how === 'retry') await stores.control.retryMapping('diku', owner.id, null)
      if (how === 'release') expect(await stores.control.releaseSaveLock('diku', 'authority')).toBe(owner.id)
      expect(await stores.chunks.count(claim, savedTally(claim))).toBe('fenced')
      expect(await publishSaving(stores, waiter)).toBe(0)
      const [row] = await db.query<{ s: number }>(
        'select extract(epoch from not_before - now())::float8 as s from marc_migrations_control.save_lock'
      )
      expect(row?.s).toBeGreaterThan(LEASE_MS / 1000 - 5)
      await db.query('update marc_migrations_control.save_lock set not_before = now()')
      expect(await publishSaving(stores, waiter)).toBe(3)
    }
  )

  test('that was taken away puts its owner at the end of those who wait', async ({ stores }) => {
    const owner = await aSavingOperation(stores)
    const waiter = await aMappedOperation(stores)
    await stores.control.startSaving('diku', waiter.id, null)
    expect(await stores.control.releaseSaveLock('diku', 'authority')).toBe(owner.id)
    expect(await publishSaving(stores, owner)).toBe(0)
    expect(await publishSaving(stores, waiter)).toBe(3)
    await stores.control.cancel('diku', waiter.id, 'cancelled')
    expect(await publishSaving(stores, owner)).toBe(3)
    expect(await stores.control.releaseSaveLock('diku', 'instance')).toBeNull()
  })

  test('is given up by a pause, and had back after the resume', async ({ stores }) => {
    const owner = await aSavingOperation(stores)
    const waiter = await aMappedOperation(stores)
    await stores.control.startSaving('diku', waiter.id, null)
    await stores.control.pause('diku', owner.id)
    expect(await publishSaving(stores, waiter)).toBe(3)
    await stores.control.resume('diku', owner.id)
    expect(await claimAll(stores, owner)).toEqual([])
    expect(await publishSaving(stores, owner)).toBe(0)
    await stores.control.cancel('diku', waiter.id, 'cancelled')
    expect(await publishSaving(stores, owner)).toBe(3)
  })

  test('is given up by a pause only when the last chunk with a worker has ended', async ({ stores }) => {
    const owner = await aSavingOperation(stores, { chunks: 2 })
    const claim = await claimOne(stores, owner)
    const waiter = await aMappedOperation(stores)
    await stores.control.startSaving('diku', waiter.id, null)
    await stores.control.pause('diku', owner.id)
    expect(await publishSaving(stores, waiter)).toBe(0)
    expect(await stores.chunks.count(claim, savedTally(claim))).toBe('counted')
    expect(await stores.check.finalise(armedOf(owner, 'DATA_SAVING'), LEASE_MS)).toEqual({ outcome: 'open' })
    expect(await publishSaving(stores, waiter)).toBe(3)
  })

  test('is not used again, after a pause, by a chunk whose lease had lapsed', async ({ db, stores }) => {
    const owner = await aSavingOperation(stores)
    await claimOne(stores, owner)
    const waiter = await aMappedOperation(stores)
    await stores.control.startSaving('diku', waiter.id, null)
    await lapseLeases(db)
    await stores.control.pause('diku', owner.id)
    expect(await publishSaving(stores, waiter)).toBe(3)
    await stores.control.resume('diku', owner.id)
    expect(await claimAll(stores, owner)).toEqual([])
  })
})
