import type { Operation, Stores } from '@marc-migrations/domain'
import { describe, expect } from 'vitest'
import { finaliseStage } from '../../libs/store/src/check/finalise-stage.ts'
import { claimChunk } from '../../libs/store/src/chunks/claim-chunk.ts'
import { countChunk } from '../../libs/store/src/chunks/count-chunk.ts'
import { pauseOperation } from '../../libs/store/src/control/pause-operation.ts'
import { retryMapping } from '../../libs/store/src/control/retry-mapping.ts'
import { expireOperations } from '../../libs/store/src/operations/expire-operations.ts'
import { commitPage } from '../../libs/store/src/split/commit-page.ts'
import {
  aDraft,
  aMappedOperation,
  aPublishedOperation,
  armedOf,
  aSavingOperation,
  claimAll,
  claimOne,
  hintsOf,
  LEASE_MS,
  mappedTally,
  reread,
  RULES,
  savedTally,
  SCHEMA,
  someChunks,
  sums
} from '../support/store-fixtures.ts'
import { someoneWaits, test } from '../support/store-steps.ts'

// What happens where one stage of an operation meets another, and where its rows come and go.

/** Its chunks are mapped again, and the operation is done with it. */
async function mapAgain(stores: Stores, operation: Operation): Promise<void> {
  await stores.freeze.freeze('diku', operation.id, RULES)
  await stores.publish.mark(armedOf(operation), 10)
  for (const claim of await claimAll(stores, operation)) await stores.chunks.count(claim, mappedTally(claim))
  expect(await stores.check.finalise(armedOf(operation), LEASE_MS)).toMatchObject({ status: 'DATA_MAPPING_COMPLETED' })
}

describe('a count', () => {
  test('leaves nothing due to a checker that waited for it, and ends its own step, not the one of the saving before', async ({
    db,
    stores,
    one,
    other
  }) => {
    const operation = await aSavingOperation(stores, { chunks: 1 })
    const before = await claimOne(stores, operation)
    await stores.chunks.count(before, savedTally(before, 0, 10))
    await stores.control.retryMapping('diku', operation.id, [before.chunkId])
    await mapAgain(stores, operation)
    await stores.control.startSaving('diku', operation.id, null)
    await stores.publish.mark(armedOf(operation, 'DATA_SAVING'), 10)
    const claim = await claimOne(stores, operation)
    await one.begin()
    await countChunk(one.context, claim, savedTally(claim))
    const finalising = finaliseStage(other.context, armedOf(operation, 'DATA_SAVING'), LEASE_MS)
    await someoneWaits(db)
    await one.commit()
    expect(await finalising).toMatchObject({ status: 'DATA_SAVING_COMPLETED' })
    const steps = await db.query(
      `select id, status, num_of_errors as errors from ${SCHEMA}.operation_chunk_step
        where operation_step = 'DATA_SAVING' order by step_start_time`
    )
    expect(steps).toEqual([
      { id: before.stepId, status: 'FAILED', errors: 10 },
      { id: claim.stepId, status: 'COMPLETED', errors: 0 }
    ])
  })
})

describe('a retry of one chunk', () => {
  test('takes the others off the saving, also from a claim that saw it run: nothing is mapped twice', async ({
    db,
    stores,
    one,
    other
  }) => {
    const operation = await aSavingOperation(stores, { chunks: 2 })
    const [first, second] = await hintsOf(stores, operation)
    if (first === undefined || second === undefined) throw new Error('no hints')
    const there = one.stopBefore('commit')
    const retrying = retryMapping(one.context, 'diku', operation.id, [first.chunkId])
    await there
    other.waitForRows()
    const claiming = claimChunk(other.context, second, 'w', LEASE_MS)
    await someoneWaits(db)
    one.goOn()
    await retrying
    expect(await claiming).toBeNull()
    await mapAgain(stores, operation)
    expect(sums(await reread(stores, operation))).toMatchObject({ total: 20, mapped: 20 })
  })
})

describe('pages of two ranges', () => {
  test('whose chunks are both inserted before either locks the operation do not wait for each other', async ({
    stores,
    one,
    other
  }) => {
    const { id } = await stores.operations.start(aDraft())
    const whole = await stores.split.claimRange('diku', id, 'me', LEASE_MS)
    if (whole === null) throw new Error('no range')
    await stores.split.divideRange('diku', whole, 'a', [
      { from: 'a', to: 'm' },
      { from: 'm', to: null }
    ])
    const insert = `insert into ${SCHEMA}.operation_chunk (id, operation_id, position, num_of_records, status, stage)
      values (gen_random_uuid(), $1, $2, 1, 'NEW', 'DATA_MAPPING')`
    const pages = [one, other].map(async (party, place) => {
      const range = await stores.split.claimRange('diku', id, `splitter${place}`, LEASE_MS)
      if (range === null) throw new Error('no range')
      await party.begin()
      await party.context.db.run(insert, [id, 1_000_000 + place])
      return () => commitPage(party.context, 'diku', range, { chunks: someChunks(2), cursor: 'z', done: true }, LEASE_MS)
    })
    const commits = await Promise.all(pages)
    const answers = await Promise.all(commits.map((commit) => commit()))
    expect(answers.map(({ outcome }) => outcome)).toEqual(['committed', 'committed'])
    expect(await reread(stores, { tenant: 'diku', id })).toMatchObject({ chunkingSealed: true, totalRecords: 42 })
  })
})

describe('a pause', () => {
  test('that a checker waited for ends with the stage, and does not keep the next one from its workers', async ({
    db,
    stores,
    one,
    other
  }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    await stores.chunks.count(claim, mappedTally(claim))
    const there = one.stopBefore('commit')
    const pausing = pauseOperation(one.context, 'diku', operation.id)
    await there
    const finalising = finaliseStage(other.context, armedOf(operation), LEASE_MS)
    await someoneWaits(db)
    one.goOn()
    expect(await pausing).toMatchObject({ outcome: 'done' })
    expect(await finalising).toMatchObject({ status: 'DATA_MAPPING_COMPLETED' })
    expect(await reread(stores, operation)).toMatchObject({ control: 'run' })
    await stores.control.startSaving('diku', operation.id, null)
    await stores.publish.mark(armedOf(operation, 'DATA_SAVING'), 10)
    expect(await claimOne(stores, operation)).toMatchObject({ stage: 'DATA_SAVING' })
  })
})

describe('a deletion', () => {
  test('spares what came to be claimed since it was listed, and does not wait for the claim', async ({
    db,
    stores,
    one,
    other
  }) => {
    const operation = await aMappedOperation(stores, { chunks: 1 })
    const [hint] = await hintsOf(stores, operation)
    if (hint === undefined) throw new Error('no hint')
    await db.query(`update ${SCHEMA}.operation set start_time_mapping = now() - interval '1 year'`)
    const there = one.stopBefore('for no key update')
    const expiring = expireOperations(one.context, 'diku', { olderThanDays: 7, deleteObjects: true })
    await there
    await stores.control.retryMapping('diku', operation.id, [hint.chunkId])
    await stores.freeze.freeze('diku', operation.id, RULES)
    await stores.publish.mark(armedOf(operation), 10)
    await other.begin()
    const claim = await claimChunk(other.context, hint, 'w', LEASE_MS)
    one.goOn()
    expect(await expiring).toEqual([])
    await other.commit()
    expect(claim).not.toBeNull()
    expect(await reread(stores, operation)).toMatchObject({ status: 'DATA_MAPPING' })
  })
})
