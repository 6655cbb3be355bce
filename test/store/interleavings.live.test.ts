import type { Claim, Operation, Stores } from '@marc-migrations/domain'
import { describe, expect } from 'vitest'
import { finaliseStage } from '../../libs/store/src/check/finalise-stage.ts'
import { claimChunk } from '../../libs/store/src/chunks/claim-chunk.ts'
import { countChunk } from '../../libs/store/src/chunks/count-chunk.ts'
import { giveBackChunk } from '../../libs/store/src/chunks/give-back-chunk.ts'
import { renewLease } from '../../libs/store/src/chunks/renew-lease.ts'
import { cancelOperation } from '../../libs/store/src/control/cancel-operation.ts'
import { pauseOperation } from '../../libs/store/src/control/pause-operation.ts'
import { forceReleaseSaveLock } from '../../libs/store/src/control/release-save-lock.ts'
import { retryMapping } from '../../libs/store/src/control/retry-mapping.ts'
import { startSaving } from '../../libs/store/src/control/start-saving.ts'
import { markPublished } from '../../libs/store/src/publish/mark-published.ts'
import { claimRange } from '../../libs/store/src/split/claim-range.ts'
import { commitPage } from '../../libs/store/src/split/commit-page.ts'
import { sweepOperation } from '../../libs/store/src/sweep/sweep-operation.ts'
import {
  aDraft,
  aMappedOperation,
  aPublishedOperation,
  armedOf,
  aSavingOperation,
  claimAll,
  claimOne,
  hintsOf,
  lapseLeases,
  LEASE_MS,
  mappedTally,
  reread,
  RULES,
  savedTally,
  SCHEMA,
  someChunks,
  sums
} from '../support/store-fixtures.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { someoneWaits, test } from '../support/store-steps.ts'

async function firstHint(stores: Stores, operation: Operation) {
  const [hint] = await hintsOf(stores, operation)
  if (hint === undefined) throw new Error('no hint')
  return hint
}

async function twoClaims(stores: Stores, operation: Operation): Promise<[Claim, Claim]> {
  const [a, b] = await claimAll(stores, operation)
  if (a === undefined || b === undefined) throw new Error('no claims')
  return [a, b]
}

const chunksOf = async (stores: Stores, { tenant, id }: Operation) =>
  (await stores.operations.chunks(tenant, id, { offset: 0, limit: 100 })).chunks

const stepsOf = (db: TestDatabase) => db.query(`select id, status from ${SCHEMA}.operation_chunk_step`)

describe('a cancel', () => {
  test('fences a claim that came while it had the operation and not yet the chunk', async ({ stores, one }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const there = one.stopBefore('published_at is not null')
    const cancelling = cancelOperation(one.context, 'diku', operation.id, 'cancelled')
    await there
    const claim = await claimOne(stores, operation)
    one.goOn()
    await cancelling
    expect(await stores.chunks.count(claim, mappedTally(claim))).toBe('fenced')
    expect(await chunksOf(stores, operation)).toMatchObject([{ leaseOwner: null, status: 'NEW', open: true, epoch: 2 }])
  })

  test('and a count of a chunk it has not come to yet do not wait for each other', async ({ db, stores, one, other }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    const there = one.stopBefore('published_at is not null')
    const cancelling = cancelOperation(one.context, 'diku', operation.id, 'cancelled')
    await there
    const counting = countChunk(other.context, claim, mappedTally(claim))
    await someoneWaits(db)
    one.goOn()
    expect(await cancelling).toMatchObject({ outcome: 'done' })
    expect(await counting).toBe('fenced')
  })

  test('waits for a claim that has the chunk, and fences it with the step it began', async ({ db, stores, one, other }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    await other.begin()
    const claim = await claimChunk(other.context, await firstHint(stores, operation), 'w', LEASE_MS)
    const cancelling = cancelOperation(one.context, 'diku', operation.id, 'cancelled')
    await someoneWaits(db)
    await other.commit()
    await cancelling
    expect(claim).not.toBeNull()
    expect(await chunksOf(stores, operation)).toMatchObject([{ leaseOwner: null, status: 'NEW' }])
    expect(await stepsOf(db)).toEqual([{ id: claim?.stepId, status: 'FAILED' }])
  })

  test('leaves nothing to a claim that saw the operation run and comes to the chunk after', async ({
    db,
    stores,
    one,
    other
  }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const hint = await firstHint(stores, operation)
    const there = one.stopBefore('commit')
    const cancelling = cancelOperation(one.context, 'diku', operation.id, 'cancelled')
    await there
    other.waitForRows()
    const claiming = claimChunk(other.context, hint, 'w', LEASE_MS)
    await someoneWaits(db)
    one.goOn()
    await cancelling
    expect(await claiming).toBeNull()
    expect(await chunksOf(stores, operation)).toMatchObject([{ leaseOwner: null }])
  })

  test('and a sweep that holds its chunks in another order do not wait for each other', async ({
    db,
    stores,
    one,
    other
  }) => {
    const operation = await aPublishedOperation(stores, { chunks: 5 })
    await claimAll(stores, operation)
    await lapseLeases(db)
    const there = one.stopBefore('commit')
    const cancelling = cancelOperation(one.context, 'diku', operation.id, 'cancelled')
    await there
    expect(await sweepOperation(other.context, armedOf(operation), 1)).toMatchObject({ expired: 0 })
    one.goOn()
    await cancelling
  })

  test('lets a claim insert its step: its lock on the operation is not the strongest', async ({ db, stores, one }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const claimer = await db.client()
    await claimer.query('begin')
    await claimer.query(`update ${SCHEMA}.operation_chunk set epoch = epoch + 1`)
    const cancelling = cancelOperation(one.context, 'diku', operation.id, 'cancelled')
    await someoneWaits(db)
    await claimer.query(`insert into ${SCHEMA}.operation_chunk_step (id, operation_id, operation_chunk_id, operation_step, status)
      select gen_random_uuid(), operation_id, id, 'DATA_MAPPING', 'IN_PROGRESS' from ${SCHEMA}.operation_chunk`)
    await claimer.query('commit')
    expect(await cancelling).toMatchObject({ outcome: 'done' })
  })

  test('is not followed by a publisher that takes the save lock', async ({ db, stores, one, other }) => {
    const operation = await aSavingOperation(stores)
    const there = one.stopBefore('commit')
    const cancelling = cancelOperation(one.context, 'diku', operation.id, 'cancelled')
    await there
    const marking = markPublished(other.context, armedOf(operation, 'DATA_SAVING'), 10)
    await someoneWaits(db)
    one.goOn()
    await cancelling
    expect(await marking).toEqual([])
    expect(await db.query('select operation_id from marc_migrations_control.save_lock')).toEqual([{ operation_id: null }])
  })

  test('turns away a renewal that waited for it', async ({ db, stores, one, other }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    const there = one.stopBefore('commit')
    const cancelling = cancelOperation(one.context, 'diku', operation.id, 'cancelled')
    await there
    const renewing = renewLease(other.context, claim, LEASE_MS)
    await someoneWaits(db)
    one.goOn()
    await cancelling
    expect(await renewing).toBe(false)
  })

  test('turns away a page that waited for it', async ({ db, stores, one, other }) => {
    const { id } = await stores.operations.start(aDraft())
    const range = await stores.split.claimRange('diku', id, 'me', LEASE_MS)
    if (range === null) throw new Error('no range')
    const there = one.stopBefore('commit')
    const cancelling = cancelOperation(one.context, 'diku', id, 'cancelled')
    await there
    const page = commitPage(other.context, 'diku', range, { chunks: someChunks(2), cursor: '2', done: true }, LEASE_MS)
    await someoneWaits(db)
    one.goOn()
    await cancelling
    expect(await page).toEqual({ outcome: 'fenced' })
  })

  test('leaves a range that is claimed by who saw the operation run to no use', async ({ db, stores, one, other }) => {
    const { id } = await stores.operations.start(aDraft())
    const there = one.stopBefore('commit')
    const cancelling = cancelOperation(one.context, 'diku', id, 'cancelled')
    await there
    other.waitForRows()
    const claiming = claimRange(other.context, 'diku', id, 'late', LEASE_MS)
    await someoneWaits(db)
    one.goOn()
    await cancelling
    const range = await claiming
    if (range === null) throw new Error('it should have been too late to see the cancel')
    const page = { chunks: someChunks(2), cursor: '2', done: true }
    expect(await stores.split.commitPage('diku', range, page, LEASE_MS)).toEqual({ outcome: 'fenced' })
    expect(await stores.split.divideRange('diku', range, '2', [])).toBe('fenced')
    expect(await reread(stores, { tenant: 'diku', id })).toMatchObject({
      status: 'DATA_MAPPING_FAILED',
      chunkingSealed: false
    })
  })

  test('waits for a page, and keeps it', async ({ db, stores, one, other }) => {
    const { id } = await stores.operations.start(aDraft())
    const range = await stores.split.claimRange('diku', id, 'me', LEASE_MS)
    if (range === null) throw new Error('no range')
    const there = other.stopBefore('commit')
    const page = commitPage(other.context, 'diku', range, { chunks: someChunks(2), cursor: '2', done: true }, LEASE_MS)
    await there
    const cancelling = cancelOperation(one.context, 'diku', id, 'cancelled')
    await someoneWaits(db)
    other.goOn()
    expect(await page).toMatchObject({ outcome: 'committed' })
    expect(await cancelling).toMatchObject({ outcome: 'done', before: { status: 'DATA_MAPPING' } })
    expect(await chunksOf(stores, await reread(stores, { tenant: 'diku', id }))).toMatchObject([{ epoch: 1 }, { epoch: 1 }])
  })
})

describe('the seal', () => {
  test('sees the drift of a count that it waited for', async ({ db, stores, one, other }) => {
    const { id } = await stores.operations.start(aDraft())
    const range = await stores.split.claimRange('diku', id, 'me', LEASE_MS)
    if (range === null) throw new Error('no range')
    await stores.split.commitPage('diku', range, { chunks: someChunks(2), cursor: '2', done: false }, LEASE_MS)
    await stores.freeze.freeze('diku', id, RULES)
    const operation = await reread(stores, { tenant: 'diku', id })
    await stores.publish.mark(armedOf(operation), 10)
    const claim = await claimOne(stores, operation)
    await one.begin()
    await countChunk(one.context, claim, mappedTally(claim, 13, 0))
    const sealing = commitPage(other.context, 'diku', range, { chunks: [], cursor: '2', done: true }, LEASE_MS)
    await someoneWaits(db)
    await one.commit()
    expect(await sealing).toEqual({ outcome: 'committed', sealed: true })
    expect(sums(await reread(stores, operation))).toMatchObject({ total: 23, mapped: 13, drift: 3 })
  })

  test('comes with one of two last ranges that end at once', async ({ db, stores, one, other }) => {
    const { id } = await stores.operations.start(aDraft())
    const whole = await stores.split.claimRange('diku', id, 'me', LEASE_MS)
    if (whole === null) throw new Error('no range')
    await stores.split.divideRange('diku', whole, 'a', [
      { from: 'a', to: 'm' },
      { from: 'm', to: null }
    ])
    const first = await stores.split.claimRange('diku', id, 'one', LEASE_MS)
    const second = await stores.split.claimRange('diku', id, 'other', LEASE_MS)
    if (first === null || second === null) throw new Error('no ranges')
    const there = one.stopBefore('commit')
    const page = () => ({ chunks: someChunks(2), cursor: 'z', done: true })
    const ending = commitPage(one.context, 'diku', first, page(), LEASE_MS)
    await there
    const endingToo = commitPage(other.context, 'diku', second, page(), LEASE_MS)
    await someoneWaits(db)
    one.goOn()
    expect(await ending).toEqual({ outcome: 'committed', sealed: false })
    expect(await endingToo).toEqual({ outcome: 'committed', sealed: true })
    expect(await reread(stores, { tenant: 'diku', id })).toMatchObject({ chunkingSealed: true, totalRecords: 40 })
  })
})

describe('the checker', () => {
  test('overlooks no retry that it waited for', async ({ db, stores, one, other }) => {
    const operation = await aMappedOperation(stores)
    const [chunk] = await chunksOf(stores, operation)
    await stores.control.retryMapping('diku', operation.id, [])
    const there = one.stopBefore('commit')
    const retrying = retryMapping(one.context, 'diku', operation.id, [chunk?.id ?? ''])
    await there
    const finalising = finaliseStage(other.context, armedOf(operation), LEASE_MS)
    await someoneWaits(db)
    one.goOn()
    await retrying
    expect(await finalising).toEqual({ outcome: 'open' })
    expect(await db.query('select stage from marc_migrations_control.armed_check')).toHaveLength(1)
  })

  test('that ends a stage leaves a retry which waited for it to begin it anew', async ({ db, stores, one, other }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    await stores.chunks.count(claim, mappedTally(claim))
    const there = one.stopBefore('commit')
    const finalising = finaliseStage(one.context, armedOf(operation), LEASE_MS)
    await there
    const retrying = retryMapping(other.context, 'diku', operation.id, [claim.chunkId])
    await someoneWaits(db)
    one.goOn()
    expect(await finalising).toMatchObject({ status: 'DATA_MAPPING_COMPLETED' })
    expect(await retrying).toMatchObject({ before: { status: 'DATA_MAPPING_COMPLETED' } })
    expect(await db.query('select stage from marc_migrations_control.armed_check')).toHaveLength(1)
    expect(await reread(stores, operation)).toMatchObject({ status: 'DATA_MAPPING', mappedRecords: 0 })
  })

  test('and a second saving begin it once', async ({ db, stores, one, other }) => {
    const operation = await aMappedOperation(stores)
    const there = one.stopBefore('commit')
    const saving = startSaving(one.context, 'diku', operation.id, null)
    await there
    const savingToo = startSaving(other.context, 'diku', operation.id, null)
    await someoneWaits(db)
    one.goOn()
    expect(await saving).toMatchObject({ outcome: 'done' })
    expect(await savingToo).toMatchObject({ outcome: 'forbidden', before: { status: 'DATA_SAVING' } })
  })

  test('and a force-release end without a deadlock, whoever is first', async ({ db, stores, one, other }) => {
    const operation = await aSavingOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    await stores.chunks.count(claim, savedTally(claim))
    const there = one.stopBefore('set operation_id = null')
    const finalising = finaliseStage(one.context, armedOf(operation, 'DATA_SAVING'), LEASE_MS)
    await there
    const releasing = forceReleaseSaveLock(other.context, 'diku', 'authority')
    await someoneWaits(db)
    one.goOn()
    expect(await finalising).toMatchObject({ status: 'DATA_SAVING_COMPLETED' })
    expect(await releasing).toBeNull()
  })
})

describe('a retry', () => {
  test('is not claimed in the stage that was, by who saw the operation before it', async ({ db, stores, one, other }) => {
    const operation = await aSavingOperation(stores, { chunks: 2 })
    const hint = await firstHint(stores, operation)
    const there = one.stopBefore('commit')
    const retrying = retryMapping(one.context, 'diku', operation.id, [hint.chunkId])
    await there
    // Stands for a publisher that wins the row before the claim that waits for it.
    await one.context.db.run(`update ${SCHEMA}.operation_chunk set published_at = now() where id = $1`, [hint.chunkId])
    other.waitForRows()
    const claiming = claimChunk(other.context, hint, 'w', LEASE_MS)
    await someoneWaits(db)
    one.goOn()
    await retrying
    expect(await claiming).toBeNull()
    expect(await chunksOf(stores, operation)).toMatchObject([{ stage: 'DATA_MAPPING', leaseOwner: null }, {}])
  })

  test('waits for a count, and takes its share off once', async ({ db, stores, one, other }) => {
    const operation = await aPublishedOperation(stores, { chunks: 2 })
    const [claim] = await twoClaims(stores, operation)
    await one.begin()
    expect(await countChunk(one.context, claim, mappedTally(claim, 7, 3))).toBe('counted')
    const retrying = retryMapping(other.context, 'diku', operation.id, [claim.chunkId])
    await someoneWaits(db)
    await one.commit()
    expect(await retrying).toMatchObject({ before: { mappedRecords: 7, rejectedRecords: 3 } })
    expect(sums(await reread(stores, operation))).toMatchObject({ mapped: 0, rejected: 0 })
  })

  test('waits for a claim that has the chunk, and goes on in the step it began', async ({ db, stores, one, other }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const hint = await firstHint(stores, operation)
    await one.begin()
    const claim = await claimChunk(one.context, hint, 'w', LEASE_MS)
    const retrying = retryMapping(other.context, 'diku', operation.id, [hint.chunkId])
    await someoneWaits(db)
    await one.commit()
    await retrying
    await stores.freeze.freeze('diku', operation.id, RULES)
    await stores.publish.mark(armedOf(operation), 10)
    expect(await claimOne(stores, operation)).toMatchObject({ stepId: claim?.stepId, epoch: 3 })
    expect(await stepsOf(db)).toHaveLength(1)
  })

  test('fences a count that waited for it', async ({ db, stores, one, other }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    const there = one.stopBefore('commit')
    const retrying = retryMapping(one.context, 'diku', operation.id, [claim.chunkId])
    await there
    const counting = countChunk(other.context, claim, mappedTally(claim))
    await someoneWaits(db)
    one.goOn()
    await retrying
    expect(await counting).toBe('fenced')
    expect(sums(await reread(stores, operation))).toMatchObject({ mapped: 0 })
  })

  test('and another one take the same shares off once', async ({ db, stores, one, other }) => {
    const operation = await aMappedOperation(stores)
    const ids = (await chunksOf(stores, operation)).map(({ id }) => id)
    const there = one.stopBefore('commit')
    const retrying = retryMapping(one.context, 'diku', operation.id, ids)
    await there
    const retryingToo = retryMapping(other.context, 'diku', operation.id, ids)
    await someoneWaits(db)
    one.goOn()
    await Promise.all([retrying, retryingToo])
    expect(sums(await reread(stores, operation))).toMatchObject({ mapped: 0 })
  })

  test('unpublishes what a publisher marked before it: nothing is mapped with the rules of the run before', async ({
    db,
    stores,
    one,
    other
  }) => {
    const operation = await aMappedOperation(stores, { chunks: 2 })
    const [first, second] = await chunksOf(stores, operation)
    await stores.control.retryMapping('diku', operation.id, [first?.id ?? ''])
    await stores.freeze.freeze('diku', operation.id, RULES)
    const there = one.stopBefore('commit')
    const marking = markPublished(one.context, armedOf(operation), 10)
    await there
    const retrying = retryMapping(other.context, 'diku', operation.id, [second?.id ?? ''])
    await someoneWaits(db)
    one.goOn()
    expect(await marking).toHaveLength(1)
    await retrying
    expect(await claimAll(stores, operation)).toEqual([])
    await stores.freeze.freeze('diku', operation.id, { ...RULES, hash: 'c'.repeat(64) })
    await stores.publish.mark(armedOf(operation), 10)
    expect((await claimAll(stores, operation)).map(({ rulesHash }) => rulesHash)).toEqual(['c'.repeat(64), 'c'.repeat(64)])
  })

  test('leaves a publisher that waited for it nothing to publish before the next freeze', async ({
    db,
    stores,
    one,
    other
  }) => {
    const operation = await aPublishedOperation(stores, { chunks: 2 })
    const there = one.stopBefore('commit')
    const retrying = retryMapping(one.context, 'diku', operation.id, null)
    await there
    const marking = markPublished(other.context, armedOf(operation), 10)
    await someoneWaits(db)
    one.goOn()
    await retrying
    expect(await marking).toEqual([])
  })
})

describe('counts', () => {
  test('of two chunks at once add up, drift and all', async ({ db, stores, one, other }) => {
    const operation = await aPublishedOperation(stores, { chunks: 2 })
    const [a, b] = await twoClaims(stores, operation)
    await one.begin()
    await countChunk(one.context, a, mappedTally(a, 9, 3))
    const counting = countChunk(other.context, b, mappedTally(b, 5, 1))
    await someoneWaits(db)
    await one.commit()
    expect(await counting).toBe('counted')
    expect(sums(await reread(stores, operation))).toEqual({ total: 18, mapped: 14, rejected: 4, saved: 0, drift: -2 })
  })

  test('of one attempt twice at once are one', async ({ db, stores, one, other }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    await one.begin()
    expect(await countChunk(one.context, claim, mappedTally(claim))).toBe('counted')
    const counting = countChunk(other.context, claim, mappedTally(claim))
    await someoneWaits(db)
    await one.commit()
    expect(await counting).toBe('fenced')
    expect(sums(await reread(stores, operation))).toMatchObject({ mapped: 10 })
  })

  test('of a zombie are fenced by a claim that was first to the chunk', async ({ db, stores, one, other }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const zombie = await claimOne(stores, operation)
    await lapseLeases(db)
    await one.begin()
    const claim = await claimChunk(one.context, await firstHint(stores, operation), 'w', LEASE_MS)
    const counting = countChunk(other.context, zombie, mappedTally(zombie))
    await someoneWaits(db)
    await one.commit()
    expect(await counting).toBe('fenced')
    expect(claim).toMatchObject({ epoch: 2 })
  })

  test('of a chunk that is just given back are fenced', async ({ db, stores, one, other }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    await one.begin()
    await giveBackChunk(one.context, claim, 'released')
    const counting = countChunk(other.context, claim, mappedTally(claim))
    await someoneWaits(db)
    await one.commit()
    expect(await counting).toBe('fenced')
  })
})

describe('a claim', () => {
  test('does not wait for who holds the operation', async ({ stores, one }) => {
    const operation = await aPublishedOperation(stores, { chunks: 2 })
    const claim = await claimOne(stores, operation)
    await one.begin()
    await countChunk(one.context, claim, mappedTally(claim))
    expect(await claimOne(stores, operation)).toMatchObject({ epoch: 1 })
    await one.commit()
  })

  test('does not wait for another claim of its chunk, nor have what that one took', async ({ db, stores, one, other }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const hint = await firstHint(stores, operation)
    await one.begin()
    expect(await claimChunk(one.context, hint, 'a', LEASE_MS)).not.toBeNull()
    expect(await stores.chunks.claim(hint, 'b', LEASE_MS)).toBeNull()
    other.waitForRows()
    const claiming = claimChunk(other.context, hint, 'c', LEASE_MS)
    await someoneWaits(db)
    await one.commit()
    expect(await claiming).toBeNull()
  })

  test('of a saving in flight keeps the save lock with its operation, though that is paused', async ({
    db,
    stores,
    one,
    other
  }) => {
    const operation = await aSavingOperation(stores, { chunks: 1 })
    await one.begin()
    await claimChunk(one.context, await firstHint(stores, operation), 'w', LEASE_MS)
    const pausing = pauseOperation(other.context, 'diku', operation.id)
    await someoneWaits(db)
    await one.commit()
    await pausing
    expect(await db.query('select operation_id from marc_migrations_control.save_lock')).toEqual([
      { operation_id: operation.id }
    ])
  })

  test('of a saving that comes to the chunk after the pause finds it unpublished', async ({ db, stores, one, other }) => {
    const operation = await aSavingOperation(stores, { chunks: 1 })
    const hint = await firstHint(stores, operation)
    const there = one.stopBefore('commit')
    const pausing = pauseOperation(one.context, 'diku', operation.id)
    await there
    other.waitForRows()
    const claiming = claimChunk(other.context, hint, 'w', LEASE_MS)
    await someoneWaits(db)
    one.goOn()
    await pausing
    expect(await claiming).toBeNull()
    expect(await db.query('select operation_id from marc_migrations_control.save_lock')).toEqual([{ operation_id: null }])
  })
})

describe('the save lock', () => {
  test('that falls free is had by one of two that reach for it at once', async ({ db, stores, one, other }) => {
    const first = await aMappedOperation(stores)
    const second = await aMappedOperation(stores)
    const there = one.stopBefore('commit')
    const saving = startSaving(one.context, 'diku', first.id, null)
    await there
    const savingToo = startSaving(other.context, 'diku', second.id, null)
    await someoneWaits(db)
    one.goOn()
    await Promise.all([saving, savingToo])
    expect(await db.query('select operation_id from marc_migrations_control.save_lock')).toEqual([
      { operation_id: first.id }
    ])
    expect(await stores.publish.mark(armedOf(second, 'DATA_SAVING'), 10)).toEqual([])
    expect(await stores.publish.mark(armedOf(first, 'DATA_SAVING'), 10)).toHaveLength(3)
  })

  test('is not taken from an owner whose cancel came first', async ({ db, stores, one, other }) => {
    const owner = await aSavingOperation(stores)
    const there = one.stopBefore('commit')
    const cancelling = cancelOperation(one.context, 'diku', owner.id, 'cancelled')
    await there
    const releasing = forceReleaseSaveLock(other.context, 'diku', 'authority')
    await someoneWaits(db)
    one.goOn()
    await cancelling
    expect(await releasing).toBeNull()
  })
})
