import { randomUUID } from 'node:crypto'
import type { NodeSelf, Operation, Stores } from '@marc-migrations/domain'
import { describe, expect } from 'vitest'
import type { TestDatabase } from '../support/postgres.ts'
import {
  armedOf,
  aSplitOperation,
  claimAll,
  claimOne,
  hintsOf,
  mappedTally,
  RULES,
  SCHEMA,
  storesOn,
  test
} from '../support/store-fixtures.ts'

const CONTROL = 'marc_migrations_control'

async function aDueOperation(stores: Stores, shape: Parameters<typeof aSplitOperation>[1] = {}): Promise<Operation> {
  const operation = await aSplitOperation(stores, shape)
  await stores.freeze.freeze(operation.tenant, operation.id, RULES)
  return operation
}

async function aWorker(stores: Stores, slots: number): Promise<NodeSelf> {
  const self: NodeSelf = { id: randomUUID(), kind: 'worker', version: '1', host: 'h', pid: 1, slots }
  await stores.nodes.register(self, 5000)
  return self
}

/** What a publisher does on a visit. */
async function publish(stores: Stores, operation: Operation, limit = 200): Promise<number> {
  const armed = armedOf(operation)
  const granted = await stores.publish.reserve(armed, await stores.publish.demand(armed, limit))
  return granted === 0 ? 0 : (await stores.publish.mark(armed, granted)).length
}

describe('what is due', () => {
  test('is nothing before the rules are frozen, whoever asks', async ({ stores }) => {
    const operation = await aSplitOperation(stores, { chunks: 5 })
    const armed = armedOf(operation)
    expect(await stores.publish.demand(armed, 200)).toEqual({ outstanding: 0, due: 0 })
    expect(await stores.publish.mark(armed, 200)).toEqual([])
    await stores.freeze.freeze('diku', operation.id, RULES)
    expect(await stores.publish.demand(armed, 200)).toEqual({ outstanding: 0, due: 5 })
    expect(await stores.publish.demand(armed, 2)).toEqual({ outstanding: 0, due: 2 })
    expect(await stores.publish.mark(armed, 200)).toHaveLength(5)
    expect(await stores.publish.demand(armed, 200)).toEqual({ outstanding: 5, due: 0 })
  })

  test('also after they could not be had, so that every record is rejected', async ({ stores }) => {
    const operation = await aSplitOperation(stores)
    await stores.freeze.freeze('diku', operation.id, null)
    await stores.publish.mark(armedOf(operation), 200)
    expect((await claimOne(stores, operation)).rulesHash).toBe('unavailable')
  })

  test('is nothing while paused or after a cancel', async ({ stores }) => {
    const operation = await aDueOperation(stores)
    const armed = armedOf(operation)
    await stores.control.pause('diku', operation.id)
    expect(await stores.publish.demand(armed, 200)).toEqual({ outstanding: 0, due: 0 })
    expect(await stores.publish.mark(armed, 200)).toEqual([])
    await stores.control.resume('diku', operation.id)
    await stores.control.cancel('diku', operation.id, 'cancelled')
    expect(await stores.publish.mark(armed, 200)).toEqual([])
  })

  test('is not a chunk that backs off', async ({ stores }) => {
    const operation = await aDueOperation(stores, { chunks: 1 })
    await stores.publish.mark(armedOf(operation), 200)
    await stores.chunks.giveBack(await claimOne(stores, operation), 'suspect')
    expect(await stores.publish.demand(armedOf(operation), 200)).toEqual({ outstanding: 0, due: 0 })
    expect(await stores.publish.mark(armedOf(operation), 200)).toEqual([])
  })
})

describe('marking', () => {
  test('goes in source order, up to the limit, and each chunk once', async ({ stores }) => {
    const operation = await aDueOperation(stores, { chunks: 7 })
    const inOrder = (await hintsOf(stores, operation)).map(({ chunkId }) => chunkId)
    const marks = [await stores.publish.mark(armedOf(operation), 4), await stores.publish.mark(armedOf(operation), 4)]
    expect(new Set(marks[0]?.map(({ chunkId }) => chunkId))).toEqual(new Set(inOrder.slice(0, 4)))
    expect(new Set(marks[1]?.map(({ chunkId }) => chunkId))).toEqual(new Set(inOrder.slice(4)))
  })

  test('gives each chunk the rules of the run it is published in', async ({ stores }) => {
    const operation = await aDueOperation(stores, { chunks: 2 })
    await stores.publish.mark(armedOf(operation), 1)
    const old = await claimOne(stores, operation)
    await stores.control.retryMapping('diku', operation.id, null)
    await stores.freeze.freeze('diku', operation.id, { ...RULES, hash: 'c'.repeat(64) })
    await stores.publish.mark(armedOf(operation), 200)
    expect(await claimAll(stores, operation)).toMatchObject([{ rulesHash: 'c'.repeat(64) }])
    expect(old.rulesHash).toBe(RULES.hash)
  })
})

describe('a freeze', () => {
  test('is the first one of the run, also of many at once', async ({ stores }) => {
    const operation = await aSplitOperation(stores)
    const hashes = ['d', 'e', 'f'].map((c) => c.repeat(64))
    await Promise.all(hashes.map((hash) => stores.freeze.freeze('diku', operation.id, { ...RULES, hash })))
    const frozen = await stores.freeze.frozenHash('diku', operation.id)
    expect(hashes).toContain(frozen)
    await stores.freeze.freeze('diku', operation.id, null)
    expect(await stores.freeze.frozenHash('diku', operation.id)).toBe(frozen)
    expect(await stores.freeze.rules('diku', frozen ?? '')).toEqual({ ...RULES, hash: frozen })
    expect(await stores.freeze.rules('diku', 'unknown')).toBeNull()
    expect(await stores.freeze.rules('college', frozen ?? '')).toBeNull()
  })

  test('that comes after the end of the stage changes nothing', async ({ stores }) => {
    const operation = await aSplitOperation(stores)
    await stores.control.cancel('diku', operation.id, 'cancelled')
    await stores.freeze.freeze('diku', operation.id, RULES)
    expect(await stores.freeze.frozenHash('diku', operation.id)).toBeNull()
  })
})

describe('the window', () => {
  test('is sixteen chunks without workers, twice their slots with them', async ({ stores }) => {
    const operation = await aDueOperation(stores, { chunks: 60 })
    expect(await publish(stores, operation)).toBe(16)
    expect(await publish(stores, operation)).toBe(0)
    const worker = await aWorker(stores, 10)
    await aWorker(stores, 12)
    expect(await publish(stores, operation)).toBe(28)
    await stores.nodes.leave(worker.id)
    expect(await publish(stores, operation)).toBe(0)
  })

  test('is eight chunks where there are few slots, so that what comes next waits for little', async ({ stores }) => {
    await aWorker(stores, 1)
    const operation = await aDueOperation(stores, { chunks: 60 })
    expect(await publish(stores, operation)).toBe(8)
    await aWorker(stores, 2)
    expect(await publish(stores, operation)).toBe(0)
    await aWorker(stores, 2)
    expect(await publish(stores, operation)).toBe(2)
  })

  test('counts no worker that was not seen for 30 s', async ({ db, stores }) => {
    await aWorker(stores, 50)
    await db.query(`update ${CONTROL}.node set last_seen_at = now() - interval '31 s'`)
    expect(await publish(stores, await aDueOperation(stores, { chunks: 60 }))).toBe(16)
  })

  test('has room again for each chunk that was counted', async ({ stores }) => {
    const operation = await aDueOperation(stores, { chunks: 20 })
    await publish(stores, operation)
    for (const claim of (await claimAll(stores, operation)).slice(0, 3)) await stores.chunks.count(claim, mappedTally(claim))
    expect(await publish(stores, operation)).toBe(3)
  })

  test('is shared by tenants first, then by the operations of each', async ({ stores }) => {
    await aWorker(stores, 12)
    const big = await aDueOperation(stores, { chunks: 50 })
    const bigToo = await aDueOperation(stores, { chunks: 50 })
    const other = await aDueOperation(stores, { chunks: 50, tenant: 'college' })
    // All of them have told what they need before anyone takes.
    for (const operation of [big, bigToo, other]) await stores.publish.demand(armedOf(operation), 200)
    expect([await publish(stores, big), await publish(stores, bigToo), await publish(stores, other)]).toEqual([6, 6, 12])
  })

  test('leaves what one does not need to the others', async ({ stores }) => {
    await aWorker(stores, 12)
    const small = await aDueOperation(stores, { chunks: 3, tenant: 'college' })
    const big = await aDueOperation(stores, { chunks: 50 })
    const middling = await aDueOperation(stores, { chunks: 5 })
    for (const operation of [small, big, middling]) await stores.publish.demand(armedOf(operation), 200)
    expect([await publish(stores, big), await publish(stores, small), await publish(stores, middling)]).toEqual([16, 3, 5])
  })

  test('lets a small job begin while a big one has all of it', async ({ stores }) => {
    const big = await aDueOperation(stores, { chunks: 100 })
    expect(await publish(stores, big)).toBe(16)
    const small = await aDueOperation(stores, { chunks: 5 })
    expect(await publish(stores, small)).toBe(0)
    for (const claim of (await claimAll(stores, big)).slice(0, 5)) await stores.chunks.count(claim, mappedTally(claim))
    expect(await publish(stores, big)).toBe(0)
    expect(await publish(stores, small)).toBe(5)
  })

  test('is never overshot, whoever publishes at once', async ({ db, stores }) => {
    await aWorker(stores, 16)
    const operations: Operation[] = []
    for (let i = 0; i < 6; i++) {
      operations.push(await aDueOperation(stores, { chunks: 40, tenant: i % 2 === 0 ? 'diku' : 'college' }))
    }
    const others = await storesOn(db, 6)
    const rounds = operations.flatMap((operation) => [publish(stores, operation), publish(others, operation)])
    await Promise.all(rounds)
    const outstanding = await publishedIn(db, ['diku', 'college'])
    expect(outstanding).toBeLessThanOrEqual(32)
    expect(outstanding).toBeGreaterThan(16)
    await others.close()
  })

  test('takes a grant back that was not used for ten seconds', async ({ db, stores }) => {
    const dead = armedOf(await aDueOperation(stores, { chunks: 30 }))
    expect(await stores.publish.reserve(dead, await stores.publish.demand(dead, 200))).toBe(16)
    const operation = await aDueOperation(stores, { chunks: 30 })
    expect(await publish(stores, operation)).toBe(0)
    await db.query(`update ${CONTROL}.armed_check set reserved_at = reserved_at - interval '10 s', due = 0
      where operation_id = '${dead.operationId}'`)
    expect(await publish(stores, operation)).toBe(16)
  })

  test('of all is shut by the pause of all', async ({ stores }) => {
    const operation = await aDueOperation(stores)
    await stores.nodes.changeSettings({ paused: true })
    expect(await publish(stores, operation)).toBe(0)
    await stores.nodes.changeSettings({ paused: false })
    expect(await publish(stores, operation)).toBe(3)
  })

  test('lets no more through than the throttle', async ({ db, stores }) => {
    await stores.nodes.changeSettings({ throttlePerMinute: 60 })
    await db.query(`update ${CONTROL}.throttle set tokens = 100`)
    const operation = await aDueOperation(stores, { chunks: 16 })
    expect(await publish(stores, operation)).toBe(6)
    expect(await publish(stores, operation)).toBe(0)
    await db.query(`update ${CONTROL}.throttle set filled_at = filled_at - interval '2 s'`)
    expect(await publish(stores, operation)).toBe(2)
    await stores.nodes.changeSettings({ throttlePerMinute: null })
    expect(await publish(stores, operation)).toBe(8)
  })
})

async function publishedIn(db: TestDatabase, tenants: readonly string[]): Promise<number> {
  let published = 0
  for (const tenant of tenants) {
    const [row] = await db.query<{ n: number }>(
      `select count(*)::int as n from ${SCHEMA.replace('diku', tenant)}.operation_chunk where published_at is not null`
    )
    published += row?.n ?? 0
  }
  return published
}
