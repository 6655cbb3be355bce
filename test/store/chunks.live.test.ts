import { randomUUID } from 'node:crypto'
import type { Stores } from '@marc-migrations/domain'
import { describe, expect } from 'vitest'
import {
  aDraft,
  aPublishedOperation,
  armedOf,
  aSavingOperation,
  aSplitOperation,
  claimAll,
  claimOne,
  hintOf,
  hintsOf,
  lapseLeases,
  LEASE_MS,
  mappedTally,
  reread,
  RULES,
  savedTally,
  SCHEMA,
  storesOn,
  sums,
  test
} from '../support/store-fixtures.ts'
import type { TestDatabase } from '../support/postgres.ts'

const steps = (db: TestDatabase) =>
  db.query(`select operation_step::text as step, status::text, num_of_errors as errors, error_chunk_file_name as reasons,
    entity_error_chunk_file_name as rejected, step_end_time is not null as ended from ${SCHEMA}.operation_chunk_step`)

describe('a claim', () => {
  test('tells everything the work needs, and shows who has the chunk', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation, 'worker-7')
    expect(claim).toMatchObject({
      tenant: 'diku',
      operationId: operation.id,
      stage: 'DATA_MAPPING',
      epoch: 1,
      attempts: 0,
      position: 0,
      recordCount: 10,
      window: { kind: 'bytes', offset: 0, length: 1000, firstRecordIndex: 0 },
      rulesHash: RULES.hash,
      entityType: 'authority',
      operationType: 'import',
      source: operation.source,
      saving: null
    })
    expect((await stores.operations.chunks('diku', operation.id, { offset: 0, limit: 1 })).chunks).toMatchObject([
      { status: 'DATA_MAPPING', leaseOwner: 'worker-7', epoch: 1, open: true }
    ])
    expect(await steps(db)).toEqual([
      { step: 'DATA_MAPPING', status: 'IN_PROGRESS', errors: 0, reasons: null, rejected: null, ended: false }
    ])
  })

  test('is had by one of many, and the others find the hint stale', async ({ stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const [hint] = await hintsOf(stores, operation)
    if (hint === undefined) throw new Error('no hint')
    const claims = await Promise.all(Array.from({ length: 12 }, (_, i) => stores.chunks.claim(hint, `w${i}`, LEASE_MS)))
    expect(claims.filter((claim) => claim !== null)).toHaveLength(1)
  })

  test('of a chunk that was counted, is not published, backs off, or is not there, is none', async ({ stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 2 })
    const [counted, suspect] = await claimAll(stores, operation)
    if (counted === undefined || suspect === undefined) throw new Error('no claims')
    await stores.chunks.count(counted, mappedTally(counted))
    await stores.chunks.giveBack(suspect, 'suspect')
    expect(await claimAll(stores, operation)).toEqual([])
    const unpublished = await aSplitOperation(stores)
    await stores.freeze.freeze('diku', unpublished.id, RULES)
    expect(await claimAll(stores, unpublished)).toEqual([])
    const nobody = hintOf(operation, randomUUID(), 'DATA_MAPPING')
    expect(await stores.chunks.claim(nobody, 'w', LEASE_MS)).toBeNull()
  })

  test('of a chunk that is due but not published again, published but not due, or of other rules, is none', async ({
    db,
    stores
  }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    await stores.chunks.giveBack(await claimOne(stores, operation), 'released')
    expect(await claimAll(stores, operation)).toEqual([])
    await stores.publish.mark(armedOf(operation), 10)
    await db.query(`update ${SCHEMA}.operation_chunk set next_attempt_at = now() + interval '1 hour'`)
    expect(await claimAll(stores, operation)).toEqual([])
    await db.query(`update ${SCHEMA}.operation_chunk set next_attempt_at = now()`)
    await db.query(`update ${SCHEMA}.operation set rules_hash = 'others'`)
    expect(await claimAll(stores, operation)).toEqual([])
    await db.query(`update ${SCHEMA}.operation set rules_hash = $1`, [RULES.hash])
    expect(await claimAll(stores, operation)).toHaveLength(1)
  })

  test('is refused while the operation is paused and after its cancel', async ({ stores }) => {
    const operation = await aPublishedOperation(stores)
    await stores.control.pause('diku', operation.id)
    expect(await claimAll(stores, operation)).toEqual([])
    await stores.control.resume('diku', operation.id)
    await claimOne(stores, operation)
    await stores.control.cancel('diku', operation.id, 'cancelled')
    expect(await claimAll(stores, operation)).toEqual([])
  })

  test('by a hint of another tenant finds nothing', async ({ stores }) => {
    const operation = await aPublishedOperation(stores)
    const [hint] = await hintsOf(stores, operation)
    if (hint === undefined) throw new Error('no hint')
    expect(await stores.chunks.claim({ ...hint, tenant: 'college' }, 'w', LEASE_MS)).toBeNull()
    await expect(stores.chunks.claim({ ...hint, tenant: 'nobody' }, 'w', LEASE_MS)).rejects.toMatchObject({
      code: 'TENANT_UNKNOWN'
    })
  })

  test('after the lease ran out is the next epoch of the same step', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const first = await claimOne(stores, operation)
    expect(await claimAll(stores, operation)).toEqual([])
    await lapseLeases(db)
    const second = await claimOne(stores, operation)
    expect(second).toMatchObject({ epoch: 2, stepId: first.stepId, attempts: 0 })
    expect(await steps(db)).toHaveLength(1)
  })

  test('to be saved brings the counted file of the mapping', async ({ stores }) => {
    const operation = await aSavingOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    expect(claim).toMatchObject({
      stage: 'DATA_SAVING',
      epoch: 2,
      saving: {
        file: { key: `${claim.chunkId}_e1_entity`, lengthBytes: 1000, sha256: 'b'.repeat(64) },
        recordCount: 10,
        publishEvents: true,
        retryReasonsKey: null,
        outcomeUnknown: false,
        silentForMs: null
      }
    })
  })
})

describe('a lease', () => {
  test('is renewed by who has it, until it has run out', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation, 'w', 1000)
    expect(await stores.chunks.renew(claim, LEASE_MS)).toBe(true)
    const [row] = await db.query<{ ok: boolean }>(
      `select lease_until > now() + interval '50 s' as ok from ${SCHEMA}.operation_chunk`
    )
    expect(row).toEqual({ ok: true })
    expect(await stores.chunks.renew({ ...claim, epoch: claim.epoch + 1 }, LEASE_MS)).toBe(false)
    await lapseLeases(db)
    expect(await stores.chunks.renew(claim, LEASE_MS)).toBe(false)
  })
})

describe('a chunk given back', () => {
  async function givenBack(db: TestDatabase, stores: Stores, reason: 'outage' | 'suspect' | 'released') {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    await stores.chunks.giveBack(claim, reason)
    const [row] = await db.query<{ wait: number; attempts: number; status: string }>(
      `select extract(epoch from next_attempt_at - now())::float8 as wait, attempts, status::text, published_at, lease_owner
         from ${SCHEMA}.operation_chunk`
    )
    return { operation, claim, row }
  }

  test('because the worker stops is due at once and used up nothing', async ({ db, stores }) => {
    const { operation, row } = await givenBack(db, stores, 'released')
    expect(row).toMatchObject({ attempts: 0, status: 'NEW', published_at: null, lease_owner: null })
    expect(row?.wait).toBeLessThanOrEqual(0)
    expect(await stores.publish.mark(armedOf(operation), 10)).toHaveLength(1)
  })

  test('because a store was away is due in a second or two and used up nothing', async ({ db, stores }) => {
    const { row } = await givenBack(db, stores, 'outage')
    expect(row).toMatchObject({ attempts: 0, status: 'NEW' })
    expect(row?.wait).toBeGreaterThan(0.5)
    expect(row?.wait).toBeLessThan(2)
  })

  test('because it is suspect used up an attempt, and waits longer each time, a minute at the most', async ({
    db,
    stores
  }) => {
    const { operation, row } = await givenBack(db, stores, 'suspect')
    expect(row).toMatchObject({ attempts: 1 })
    const waits = [row?.wait ?? 0]
    for (let attempts = 2; attempts < 9; attempts++) {
      await db.query(`update ${SCHEMA}.operation_chunk set next_attempt_at = now()`)
      await stores.publish.mark(armedOf(operation), 10)
      const claim = await claimOne(stores, operation)
      expect(claim.attempts).toBe(attempts - 1)
      await stores.chunks.giveBack(claim, 'suspect')
      const [now] = await db.query<{ wait: number }>(
        `select extract(epoch from next_attempt_at - now())::float8 as wait from ${SCHEMA}.operation_chunk`
      )
      waits.push(now?.wait ?? 0)
    }
    waits.forEach((wait, i) => {
      const most = Math.min(60, 2 ** (i + 1))
      expect(wait).toBeLessThanOrEqual(most)
      expect(wait).toBeGreaterThan(most / 2 - 0.5)
    })
  })

  test('cannot be counted any more, nor given back twice, nor by who lost it', async ({ db, stores }) => {
    const { operation, claim } = await givenBack(db, stores, 'released')
    expect(await stores.chunks.count(claim, mappedTally(claim))).toBe('fenced')
    await stores.publish.mark(armedOf(operation), 10)
    const next = await claimOne(stores, operation, 'other')
    await stores.chunks.giveBack(claim, 'suspect')
    expect(await stores.chunks.renew(next, LEASE_MS)).toBe(true)
  })
})

describe('a count', () => {
  test('moves chunk, step and operation at once, names the files, and takes the chunk off the list', async ({
    db,
    stores
  }) => {
    const operation = await aPublishedOperation(stores, { chunks: 2 })
    const [first, second] = await claimAll(stores, operation)
    if (first === undefined || second === undefined) throw new Error('no claims')
    expect(await stores.chunks.count(first, mappedTally(first, 7, 3))).toBe('counted')
    expect(sums(await reread(stores, operation))).toEqual({ total: 20, mapped: 7, rejected: 3, saved: 0, drift: 0 })
    const name = `${first.chunkId}_e1`
    const { chunks } = await stores.operations.chunks('diku', operation.id, { offset: 0, limit: 1 })
    expect(chunks).toMatchObject([
      {
        status: 'DATA_MAPPING_FAILED',
        mappedRecords: 7,
        rejectedRecords: 3,
        open: false,
        leaseOwner: null,
        entities: { key: `${name}_entity`, lengthBytes: 700, sha256: 'b'.repeat(64) },
        rejectedKey: `${name}_entity-error`,
        reasonsKey: `${name}_error`
      }
    ])
    expect(await steps(db)).toContainEqual({
      step: 'DATA_MAPPING',
      status: 'FAILED',
      errors: 3,
      reasons: `${name}_error`,
      rejected: `${name}_entity-error`,
      ended: true
    })
    expect(await stores.chunks.count(second, mappedTally(second))).toBe('counted')
    expect(sums(await reread(stores, operation))).toMatchObject({ mapped: 17, rejected: 3 })
    expect((await stores.operations.chunks('diku', operation.id, { offset: 0, limit: 9, only: 'open' })).totalRecords).toBe(
      0
    )
    const failed = await stores.operations.chunks('diku', operation.id, { offset: 0, limit: 9, only: 'failed' })
    expect(failed.chunks.map(({ id }) => id)).toEqual([first.chunkId])
  })

  test('of nothing mapped names no entity file', async ({ stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    await stores.chunks.count(claim, mappedTally(claim, 0, 10))
    const { chunks } = await stores.operations.chunks('diku', operation.id, { offset: 0, limit: 1 })
    expect(chunks).toMatchObject([{ entities: null, mappedRecords: 0, rejectedRecords: 10 }])
  })

  test('told twice, or twenty times at once, counts once', async ({ stores }) => {
    const operation = await aPublishedOperation(stores)
    const claim = await claimOne(stores, operation)
    const answers = await Promise.all(Array.from({ length: 20 }, () => stores.chunks.count(claim, mappedTally(claim, 9, 1))))
    expect(answers.filter((answer) => answer === 'counted')).toHaveLength(1)
    expect(sums(await reread(stores, operation))).toMatchObject({ mapped: 9, rejected: 1 })
  })

  test('of an attempt that lost its lease changes nothing once another has claimed', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const zombie = await claimOne(stores, operation)
    await lapseLeases(db)
    const winner = await claimOne(stores, operation, 'other')
    expect(await stores.chunks.count(zombie, mappedTally(zombie, 1, 9))).toBe('fenced')
    expect(await stores.chunks.count(winner, mappedTally(winner, 10, 0))).toBe('counted')
    expect(await stores.chunks.count(zombie, mappedTally(zombie, 1, 9))).toBe('fenced')
    expect(sums(await reread(stores, operation))).toMatchObject({ mapped: 10, rejected: 0 })
    const { chunks } = await stores.operations.chunks('diku', operation.id, { offset: 0, limit: 1 })
    expect(chunks).toMatchObject([{ entities: { key: `${winner.chunkId}_e2_entity` } }])
  })

  test('that comes late but first still counts: nobody else has the chunk', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    await lapseLeases(db)
    await stores.sweep.sweep(armedOf(operation), 60_000)
    expect(await stores.chunks.count(claim, mappedTally(claim))).toBe('counted')
  })

  test('that read more or fewer rows than the chunk said moves chunk, total and drift together', async ({ stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 2 })
    const [more, fewer] = await claimAll(stores, operation)
    if (more === undefined || fewer === undefined) throw new Error('no claims')
    await stores.chunks.count(more, mappedTally(more, 12, 1))
    await stores.chunks.count(fewer, mappedTally(fewer, 5, 0))
    expect(sums(await reread(stores, operation))).toEqual({ total: 18, mapped: 17, rejected: 1, saved: 0, drift: -2 })
  })

  test('before the seal leaves the total to the seal', async ({ stores }) => {
    const { id } = await stores.operations.start(aDraft())
    const range = await stores.split.claimRange('diku', id, 'me', LEASE_MS)
    if (range === null) throw new Error('no range')
    const chunk = {
      id: randomUUID(),
      position: 0,
      recordCount: 10,
      window: { kind: 'object', objectKey: 'k', firstRecordIndex: 0 }
    }
    await stores.split.commitPage('diku', range, { chunks: [chunk as never], cursor: '1', done: false }, LEASE_MS)
    await stores.freeze.freeze('diku', id, RULES)
    await stores.publish.mark(armedOf({ tenant: 'diku', id }), 10)
    const operation = await reread(stores, { tenant: 'diku', id })
    const claim = await claimOne(stores, operation)
    await stores.chunks.count(claim, mappedTally(claim, 8, 0))
    expect(sums(await reread(stores, operation))).toMatchObject({ total: 0, mapped: 8, drift: -2 })
    await stores.split.commitPage('diku', range, { chunks: [], cursor: '2', done: true }, LEASE_MS)
    expect(sums(await reread(stores, operation))).toMatchObject({ total: 8, mapped: 8, drift: -2 })
  })

  test('after a cancel or a retry is fenced', async ({ stores }) => {
    const cancelled = await aPublishedOperation(stores, { chunks: 1 })
    const one = await claimOne(stores, cancelled)
    await stores.control.cancel('diku', cancelled.id, 'cancelled')
    expect(await stores.chunks.count(one, mappedTally(one))).toBe('fenced')
    const retried = await aPublishedOperation(stores, { chunks: 1 })
    const other = await claimOne(stores, retried)
    await stores.control.retryMapping('diku', retried.id, [other.chunkId])
    expect(await stores.chunks.count(other, mappedTally(other))).toBe('fenced')
    expect(sums(await reread(stores, retried))).toMatchObject({ mapped: 0 })
  })

  test('with the rules of the run before is fenced, though its epoch is still the last', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 2 })
    const [claim, other] = await claimAll(stores, operation)
    if (claim === undefined || other === undefined) throw new Error('no claims')
    await lapseLeases(db)
    await stores.control.retryMapping('diku', operation.id, [other.chunkId])
    await stores.freeze.freeze('diku', operation.id, { ...RULES, hash: 'c'.repeat(64) })
    await stores.publish.mark(armedOf(operation), 10)
    expect(await stores.chunks.count(claim, mappedTally(claim))).toBe('fenced')
  })

  test('of a saving moves saved, and leaves what the mapping counted', async ({ db, stores }) => {
    const operation = await aSavingOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    expect(await stores.chunks.count(claim, savedTally(claim, 8, 2))).toBe('counted')
    expect(sums(await reread(stores, operation))).toEqual({ total: 10, mapped: 10, rejected: 0, saved: 8, drift: 0 })
    const { chunks } = await stores.operations.chunks('diku', operation.id, { offset: 0, limit: 1 })
    expect(chunks).toMatchObject([
      { status: 'DATA_SAVING_FAILED', mappedRecords: 10, savedRecords: 8, entities: { key: `${claim.chunkId}_e1_entity` } }
    ])
    expect(await steps(db)).toMatchObject([
      { step: 'DATA_MAPPING', status: 'COMPLETED' },
      { step: 'DATA_SAVING', status: 'FAILED', errors: 2, reasons: `${claim.chunkId}_s2_errors` }
    ])
  })
})

describe('a count whose answer is lost', () => {
  test('is counted once and says so', async ({ db }) => {
    const stores = await storesOn(db, 1)
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    // Another holds the operation, so that the count waits for it; then its connection is cut.
    const blocker = await db.client()
    await blocker.query('begin')
    await blocker.query(`select 1 from ${SCHEMA}.operation for no key update`)
    const counting = stores.chunks.count(claim, mappedTally(claim))
    await cutWhenWaiting(db)
    await blocker.query('commit')
    expect(await counting).toBe('counted')
    expect(sums(await reread(stores, operation))).toMatchObject({ mapped: 10 })
    await stores.close()
  })

  test('after it was done is told from the row', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const claim = await claimOne(stores, operation)
    await stores.chunks.count(claim, mappedTally(claim))
    const [answer] = await db.query<{ answer: string }>(
      `select ${SCHEMA}.count_chunk($1, $2, $3, 'DATA_MAPPING', $4, 10, 0, 'e', 1, 's', null, null) as answer`,
      [claim.operationId, claim.chunkId, claim.epoch, claim.rulesHash]
    )
    expect(answer).toEqual({ answer: 'before' })
  })
})

async function cutWhenWaiting(db: TestDatabase): Promise<void> {
  for (let tries = 0; tries < 200; tries++) {
    const cut = await db.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and application_name = 'marc-migrations' and wait_event_type = 'Lock'`)
    if (cut.length > 0) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('nothing waits')
}

describe('waiting chunks', () => {
  test('are the published, unleased ones of every armed operation that runs', async ({ db, stores }) => {
    const here = await aPublishedOperation(stores, { chunks: 4 })
    const there = await aPublishedOperation(stores, { chunks: 2, tenant: 'college' })
    const paused = await aPublishedOperation(stores, { chunks: 2 })
    await stores.control.pause('diku', paused.id)
    await aSplitOperation(stores)
    await claimOne(stores, here)
    const waiting = await stores.chunks.waiting(100)
    const at = (id: string) => waiting.filter(({ operationId }) => operationId === id)
    expect([waiting.length, at(here.id).length, at(there.id).length]).toEqual([5, 3, 2])
    expect(at(there.id)[0]).toMatchObject({ v: 1, tenant: 'college', step: 'DATA_MAPPING', attempt: 0 })
    expect(await stores.chunks.waiting(2)).toHaveLength(2)
    await lapseLeases(db)
    expect(await stores.chunks.waiting(100)).toHaveLength(6)
  })

  test('come in random order, so that idle workers do not fight for one row', async ({ stores }) => {
    await aPublishedOperation(stores, { chunks: 12 })
    const orders = new Set<string>()
    for (let i = 0; i < 5; i++) orders.add((await stores.chunks.waiting(12)).map(({ chunkId }) => chunkId).join())
    expect(orders.size).toBeGreaterThan(1)
  })

  test('are none where nothing is armed, also when a schema is gone', async ({ db, stores }) => {
    expect(await stores.chunks.waiting(10)).toEqual([])
    await aPublishedOperation(stores)
    await aPublishedOperation(stores, { chunks: 1, tenant: 'college' })
    await db.query(`drop schema ${SCHEMA} cascade`)
    expect(await stores.chunks.waiting(10)).toHaveLength(1)
  })
})
