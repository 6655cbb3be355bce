import type { Claim, Operation, Stores, Tally } from '@marc-migrations/domain'
import { describe, expect } from 'vitest'
import type { TestDatabase } from '../support/postgres.ts'
import {
  aMappedOperation,
  aPublishedOperation,
  armedOf,
  aSavingOperation,
  claimAll,
  claimOne,
  lapseLeases,
  LEASE_MS,
  mappedTally,
  reread,
  savedTally,
  SCHEMA,
  test
} from '../support/store-fixtures.ts'

type Saved = Extract<Tally, { readonly stage: 'DATA_SAVING' }>
const tally = (claim: Claim, change: Partial<Saved> = {}): Tally => ({ ...(savedTally(claim) as Saved), ...change })

/** The one chunk, published and claimed for saving. */
async function claimedAnew(stores: Stores, operation: Operation): Promise<Claim> {
  await stores.publish.mark(armedOf(operation, 'DATA_SAVING'), 10)
  return await claimOne(stores, operation)
}

/** Counted, and the stage ended. */
async function ended(stores: Stores, operation: Operation, claim: Claim, change: Partial<Saved> = {}): Promise<Operation> {
  expect(await stores.chunks.count(claim, tally(claim, change))).toBe('counted')
  await stores.check.finalise(armedOf(operation, 'DATA_SAVING'), LEASE_MS)
  return await reread(stores, operation)
}

const failedInPart = (claim: Claim): Partial<Saved> => ({
  saved: claim.recordCount - 3,
  failed: 3,
  reasonsKey: 'the reasons',
  rejectedKey: 'the rejected'
})

describe('whether an earlier call may have been applied', () => {
  test('is not so at the first claim, and so at the next, whatever became of the first', async ({ db, stores }) => {
    const operation = await aSavingOperation(stores, { chunks: 1 })
    const first = await claimOne(stores, operation)
    expect(first.saving?.outcomeUnknown).toBe(false)
    await lapseLeases(db)
    const second = await claimOne(stores, operation)
    expect(second.saving?.outcomeUnknown).toBe(true)
    await stores.chunks.giveBack(second, 'released')
    expect((await claimedAnew(stores, operation)).saving?.outcomeUnknown).toBe(true)
  })

  test('is known again after a count that knows', async ({ stores }) => {
    const operation = await aSavingOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    await ended(stores, operation, claim, failedInPart(claim))
    await stores.control.startSaving('diku', operation.id, null)
    expect((await claimedAnew(stores, operation)).saving?.outcomeUnknown).toBe(false)
  })

  test('stays unknown after a count that does not know', async ({ stores }) => {
    const operation = await aSavingOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    await ended(stores, operation, claim, { saved: 0, failed: claim.recordCount, outcomeUnknown: true, answered: false })
    await stores.control.startSaving('diku', operation.id, null)
    expect((await claimedAnew(stores, operation)).saving?.outcomeUnknown).toBe(true)
  })

  test('stays unknown when the saving is cancelled under the call', async ({ db, stores }) => {
    const operation = await aSavingOperation(stores, { chunks: 1 })
    await claimOne(stores, operation)
    await stores.control.cancel('diku', operation.id, 'cancelled')
    await stores.control.startSaving('diku', operation.id, null)
    // As if the lease of the one who was fenced had run out: until then nobody saves.
    await db.query('update marc_migrations_control.save_lock set not_before = now()')
    expect((await claimedAnew(stores, operation)).saving?.outcomeUnknown).toBe(true)
  })

  test('is forgotten with the file: what is mapped again is another file', async ({ stores }) => {
    const operation = await aSavingOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    await ended(stores, operation, claim, { saved: 0, failed: claim.recordCount, outcomeUnknown: true, answered: false })
    await stores.control.retryMapping('diku', operation.id, [claim.chunkId])
    await stores.freeze.freeze('diku', operation.id, { hash: 'c'.repeat(64), rules: '{}', params: '{}' })
    await stores.publish.mark(armedOf(operation), 10)
    const again = await claimOne(stores, operation)
    await stores.chunks.count(again, mappedTally(again))
    await stores.check.finalise(armedOf(operation), LEASE_MS)
    await stores.control.startSaving('diku', operation.id, null)
    expect((await claimedAnew(stores, operation)).saving).toMatchObject({
      outcomeUnknown: false,
      file: { key: `${again.chunkId}_e${again.epoch}_entity` }
    })
  })
})

describe('the reasons of the saving before', () => {
  test('are told by a repeated saving of a chunk that failed in part, and gone when it is counted', async ({
    db,
    stores
  }) => {
    const operation = await aSavingOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    expect(claim.saving?.retryReasonsKey).toBeNull()
    await ended(stores, operation, claim, failedInPart(claim))
    await stores.control.startSaving('diku', operation.id, [claim.chunkId])
    const again = await claimedAnew(stores, operation)
    expect(again.saving).toMatchObject({ retryReasonsKey: 'the reasons', recordCount: claim.recordCount })
    expect(again.stepId).toBe(claim.stepId)
    expect(await ended(stores, operation, again)).toMatchObject({ status: 'DATA_SAVING_COMPLETED', savedRecords: 10 })
    expect(await db.query(`select retry_reasons_name from ${SCHEMA}.operation_chunk`)).toEqual([
      { retry_reasons_name: null }
    ])
  })

  test('are told also to the second who tries, and to none whose chunk was saved whole', async ({ db, stores }) => {
    const operation = await aSavingOperation(stores, { chunks: 2 })
    const [first, second] = await claimAll(stores, operation)
    if (first === undefined || second === undefined) throw new Error('two chunks')
    await stores.chunks.count(first, tally(first))
    await ended(stores, operation, second, failedInPart(second))
    await stores.control.startSaving('diku', operation.id, [first.chunkId, second.chunkId])
    await stores.publish.mark(armedOf(operation, 'DATA_SAVING'), 10)
    const told = async () => (await claimAll(stores, operation)).map(({ saving }) => saving?.retryReasonsKey)
    expect(await told()).toEqual([null, 'the reasons'])
    await lapseLeases(db)
    expect(await told()).toEqual([null, 'the reasons'])
  })

  test('are none after a saving that failed without a word', async ({ stores }) => {
    const operation = await aSavingOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    await ended(stores, operation, claim, { saved: 0, failed: claim.recordCount })
    await stores.control.startSaving('diku', operation.id, null)
    expect((await claimedAnew(stores, operation)).saving?.retryReasonsKey).toBeNull()
  })
})

describe('whether events are published', () => {
  const toldAfter = async (stores: Stores, operation: Operation) =>
    (await claimedAnew(stores, operation)).saving?.publishEvents

  test.for([true, false, null])('is sent as a PUT says: %s', async (publishEvents, { stores }) => {
    const operation = await aMappedOperation(stores, { chunks: 1 })
    await stores.control.startSaving('diku', operation.id, null, { publishEvents })
    expect((await reread(stores, operation)).publishEvents).toBe(publishEvents)
    expect(await toldAfter(stores, operation)).toBe(publishEvents)
  })

  test('is kept for a repeated saving; a null was not recorded, and then it is true, as from the start', async ({
    stores
  }) => {
    for (const [said, kept] of [
      [false, false],
      [true, true],
      [null, true],
      [undefined, true]
    ] as const) {
      const operation = await aMappedOperation(stores, { chunks: 1 })
      await stores.control.startSaving('diku', operation.id, null, said === undefined ? {} : { publishEvents: said })
      const claim = await claimedAnew(stores, operation)
      await ended(stores, operation, claim, failedInPart(claim))
      await stores.control.startSaving('diku', operation.id, null)
      const again = await claimedAnew(stores, operation)
      expect(again.saving?.publishEvents).toBe(kept)
      await ended(stores, operation, again)
    }
  })
})

describe('how long the storage module has been silent', () => {
  const backdate = (db: TestDatabase) =>
    db.query(`update ${SCHEMA}.operation set silent_since = silent_since - interval '1 hour'`)
  const silentFor = async (stores: Stores, operation: Operation) =>
    (await claimedAnew(stores, operation)).saving?.silentForMs

  /** A call was not answered, an hour ago. */
  async function aSilence(db: TestDatabase, stores: Stores, chunks = 1): Promise<Operation> {
    const operation = await aSavingOperation(stores, { chunks })
    const claim = await claimOne(stores, operation)
    expect(claim.saving?.silentForMs).toBeNull()
    await stores.chunks.giveBack(claim, 'silent')
    await backdate(db)
    await dueNow(db)
    return operation
  }

  const dueNow = (db: TestDatabase) =>
    db.query(`update ${SCHEMA}.operation_chunk set next_attempt_at = now() where next_attempt_at is not null`)

  test('is noted once and told by every claim from then on', async ({ db, stores }) => {
    const operation = await aSilence(db, stores)
    const claim = await claimedAnew(stores, operation)
    expect(claim.saving?.silentForMs).toBeGreaterThan(3_600_000 - 1)
    await stores.chunks.giveBack(claim, 'silent')
    await dueNow(db)
    expect(await silentFor(stores, operation)).toBeGreaterThan(3_600_000 - 1)
  })

  test('is not noted by other ways to give a chunk back, nor in the mapping', async ({ db, stores }) => {
    const saving = await aSavingOperation(stores, { chunks: 1 })
    for (const reason of ['outage', 'suspect', 'released'] as const) {
      await stores.chunks.giveBack(await claimedAnew(stores, saving), reason)
      await dueNow(db)
    }
    const mapping = await aPublishedOperation(stores, { chunks: 1, entityType: 'instance' })
    await stores.chunks.giveBack(await claimOne(stores, mapping), 'silent')
    expect(await db.query(`select 1 from ${SCHEMA}.operation where silent_since is not null`)).toEqual([])
  })

  test('ends with a count that had an answer, and with no other', async ({ db, stores }) => {
    const operation = await aSilence(db, stores, 3)
    await stores.publish.mark(armedOf(operation, 'DATA_SAVING'), 10)
    const [first, second, third] = await claimAll(stores, operation)
    if (first === undefined || second === undefined || third === undefined) throw new Error('three chunks')
    await stores.chunks.count(first, tally(first, { saved: 0, failed: 10, answered: false, outcomeUnknown: true }))
    await stores.chunks.giveBack(second, 'released')
    expect(await silentFor(stores, operation)).toBeGreaterThan(3_600_000 - 1)
    await stores.chunks.count(third, tally(third))
    expect(await db.query(`select 1 from ${SCHEMA}.operation where silent_since is not null`)).toEqual([])
  })

  test('begins anew with a saving that begins anew', async ({ db, stores }) => {
    const operation = await aSilence(db, stores)
    await stores.check.stop(armedOf(operation, 'DATA_SAVING'), { headers: 'missing' }, 'interrupted')
    await stores.control.startSaving('diku', operation.id, null)
    expect(await silentFor(stores, operation)).toBeNull()
  })

  test('does not count a pause, in which nobody called', async ({ db, stores }) => {
    const operation = await aSilence(db, stores)
    await stores.control.pause('diku', operation.id)
    await stores.control.resume('diku', operation.id)
    expect(await silentFor(stores, operation)).toBeNull()
  })
})

describe('saving what was mapped beside rejected records', () => {
  const allow = { allowRejected: true }
  const start = async (stores: Stores, operation: Operation, options = allow) =>
    (await stores.control.startSaving('diku', operation.id, null, options)).outcome

  /** Mapped to its end, one record rejected. */
  async function aRejecting(stores: Stores): Promise<Operation> {
    const operation = await aPublishedOperation(stores, { chunks: 2 })
    const [first, second] = await claimAll(stores, operation)
    if (first === undefined || second === undefined) throw new Error('two chunks')
    await stores.chunks.count(first, mappedTally(first, 9, 1))
    await stores.chunks.count(second, mappedTally(second))
    await stores.check.finalise(armedOf(operation), LEASE_MS)
    return await reread(stores, operation)
  }

  test('is allowed to who asks for it, and ends failed, since not everything is saved', async ({ stores }) => {
    const operation = await aRejecting(stores)
    expect(await start(stores, operation, { allowRejected: false })).toBe('forbidden')
    expect(await start(stores, operation)).toBe('done')
    await stores.publish.mark(armedOf(operation, 'DATA_SAVING'), 10)
    const claims = await claimAll(stores, operation)
    expect(claims.map(({ saving }) => saving?.recordCount)).toEqual([9, 10])
    for (const claim of claims) await stores.chunks.count(claim, tally(claim, { saved: claim.saving?.recordCount ?? 0 }))
    await stores.check.finalise(armedOf(operation, 'DATA_SAVING'), LEASE_MS)
    expect(await reread(stores, operation)).toMatchObject({
      status: 'DATA_SAVING_FAILED',
      savedRecords: 19,
      totalRecords: 20
    })
  })

  test('is forbidden after a mapping that was stopped, is open, or runs', async ({ db, stores }) => {
    const running = await aPublishedOperation(stores, { chunks: 1 })
    expect(await start(stores, running)).toBe('forbidden')
    await stores.control.cancel('diku', running.id, 'cancelled')
    expect(await start(stores, running)).toBe('forbidden')
    // Its open chunk forbids it, too, not the reason alone.
    await db.query(`update ${SCHEMA}.operation set stop_reason = null where id = $1`, [running.id])
    expect(await start(stores, running)).toBe('forbidden')
    const rejecting = await aRejecting(stores)
    await db.query(`update ${SCHEMA}.operation set stop_reason = 'broken invariant' where id = $1`, [rejecting.id])
    expect(await start(stores, rejecting)).toBe('forbidden')
    await db.query(`update ${SCHEMA}.operation set stop_reason = null, chunking_sealed = false where id = $1`, [
      rejecting.id
    ])
    expect(await start(stores, rejecting)).toBe('forbidden')
  })
})

describe('who waits for the right to save', () => {
  test('says for whom, until it has it; paused it waits for nobody', async ({ stores }) => {
    const owner = await aMappedOperation(stores, { chunks: 1 })
    const other = await aMappedOperation(stores, { chunks: 1 })
    const elsewhere = await aMappedOperation(stores, { chunks: 1, entityType: 'instance' })
    const abroad = await aMappedOperation(stores, { chunks: 1, tenant: 'college' })
    for (const { tenant, id } of [owner, other, elsewhere, abroad]) await stores.control.startSaving(tenant, id, null)
    const waitsFor = async (operation: Operation) => (await reread(stores, operation)).waitingFor
    expect(await waitsFor(other)).toBe(owner.id)
    for (const operation of [owner, elsewhere, abroad]) expect(await waitsFor(operation)).toBeNull()
    const { operations } = await stores.operations.list('diku', { offset: 0, limit: 10 })
    expect(operations.find(({ id }) => id === other.id)?.waitingFor).toBe(owner.id)
    await stores.control.pause('diku', other.id)
    expect(await waitsFor(other)).toBeNull()
    await stores.control.resume('diku', other.id)
    const claim = await claimedAnew(stores, owner)
    await ended(stores, owner, claim)
    expect(await waitsFor(other)).toBeNull()
    expect((await claimedAnew(stores, other)).saving?.recordCount).toBe(10)
  })
})
