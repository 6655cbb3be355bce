import { randomUUID } from 'node:crypto'
import type { NodeKind, Stores } from '@marc-migrations/domain'
import { describe, expect } from 'vitest'
import {
  aPublishedOperation,
  armedOf,
  claimAll,
  claimOne,
  lapseLeases,
  LEASE_MS,
  reread,
  SCHEMA,
  storesOn,
  test
} from '../support/store-fixtures.ts'
import type { TestDatabase } from '../support/postgres.ts'

const NODE = 'marc_migrations_control.node'

async function aNode(stores: Stores, id: string, kind: NodeKind = 'worker', slots = 4, pid = 1): Promise<void> {
  await stores.nodes.register({ id, kind, version: '1', host: 'here', pid, slots }, 5000)
}

/** Moves what a node has been seen at, in seconds before now. */
async function seen(db: TestDatabase, id: string, since: number, last: number): Promise<void> {
  await db.query(
    `update ${NODE} set steady_since = now() - $2 * interval '1 s', last_seen_at = now() - $3 * interval '1 s' where id = $1`,
    [id, since, last]
  )
}

const rowOf = async (db: TestDatabase) =>
  (
    await db.query<{
      attempts: number
      wait: number
      published: boolean
      lease_owner: string | null
      publish_steps: number
    }>(
      `select attempts, extract(epoch from next_attempt_at - now())::float8 as wait, published_at is not null as published,
              lease_owner, publish_steps from ${SCHEMA}.operation_chunk`
    )
  )[0]

describe('the sweep', () => {
  test('leaves a live lease alone and puts a lapsed one back to due', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 2 })
    const claim = await claimOne(stores, operation)
    expect(await stores.sweep.sweep(armedOf(operation), 60_000)).toEqual({ expired: 0, suspects: 0, unclaimed: 0 })
    await lapseLeases(db)
    expect(await stores.sweep.sweep(armedOf(operation), 60_000)).toEqual({ expired: 1, suspects: 0, unclaimed: 0 })
    const marked = await stores.publish.mark(armedOf(operation), 10)
    expect(marked).toEqual([{ chunkId: claim.chunkId, epoch: 1 }])
  })

  test('publishes again what nobody took, after one step, then two, then four', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const armed = armedOf(operation)
    await aNode(stores, 'worker')
    const publishedFor = (seconds: number) =>
      db.query(`update ${SCHEMA}.operation_chunk set published_at = now() - $1 * interval '1 s'`, [seconds])
    for (const step of [60, 120, 240]) {
      await publishedFor(step - 1)
      expect(await stores.sweep.sweep(armed, 60_000)).toMatchObject({ unclaimed: 0 })
      await publishedFor(step + 1)
      expect(await stores.sweep.sweep(armed, 60_000)).toMatchObject({ unclaimed: 1 })
      expect(await stores.publish.mark(armed, 10)).toHaveLength(1)
    }
    expect(await rowOf(db)).toMatchObject({ attempts: 0, publish_steps: 3 })
    await claimOne(stores, operation)
    expect(await rowOf(db)).toMatchObject({ publish_steps: 0 })
  })

  test('does so only while a live worker has a free slot', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const sweep = async () => (await stores.sweep.sweep(armedOf(operation), 60_000)).unclaimed
    await db.query(`update ${SCHEMA}.operation_chunk set published_at = now() - interval '1 hour'`)
    expect(await sweep()).toBe(0)
    await aNode(stores, 'coordinator', 'coordinator', 0)
    await aNode(stores, 'busy')
    await stores.nodes.heartbeat('busy', 4, 5000)
    await aNode(stores, 'silent')
    await seen(db, 'silent', 60, 16)
    await aNode(stores, 'left')
    await stores.nodes.leave('left')
    expect(await sweep()).toBe(0)
    await stores.nodes.heartbeat('busy', 3, 5000)
    expect(await sweep()).toBe(1)
  })

  test('of a cancelled operation does nothing', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    await claimOne(stores, operation)
    await stores.control.cancel('diku', operation.id, 'cancelled')
    await lapseLeases(db)
    expect(await stores.sweep.sweep(armedOf(operation), 1)).toEqual({ expired: 0, suspects: 0, unclaimed: 0 })
  })
})

describe('an attempt', () => {
  /** The lease of `holder` has just lapsed; `holder` and `witness` were last seen as told, in seconds before now. */
  async function lapsed(db: TestDatabase, stores: Stores) {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    await aNode(stores, 'holder')
    await aNode(stores, 'witness', 'coordinator', 0)
    await claimOne(stores, operation, 'holder')
    await lapseLeases(db, '10 ms')
    return operation
  }

  test('is used up when the holder fell silent before the eyes of another node', async ({ db, stores }) => {
    const operation = await lapsed(db, stores)
    await seen(db, 'holder', 600, 45)
    await seen(db, 'witness', 600, 0)
    expect(await stores.sweep.sweep(armedOf(operation), 60_000)).toMatchObject({ expired: 1, suspects: 1 })
    const row = await rowOf(db)
    expect(row).toMatchObject({ attempts: 1, published: false, lease_owner: null })
    expect(row?.wait).toBeGreaterThan(0.5)
    expect(row?.wait).toBeLessThanOrEqual(2)
  })

  test('is judged the same by a claim, which does not wait for the sweep', async ({ db, stores }) => {
    const operation = await lapsed(db, stores)
    await seen(db, 'holder', 600, 45)
    await seen(db, 'witness', 600, 5)
    expect(await claimOne(stores, operation, 'witness')).toMatchObject({ attempts: 1, epoch: 2 })
  })

  test('is not used up by a holder that is alive, only slow', async ({ db, stores }) => {
    const operation = await lapsed(db, stores)
    await seen(db, 'holder', 600, 1)
    await seen(db, 'witness', 600, 0)
    expect(await stores.sweep.sweep(armedOf(operation), 60_000)).toMatchObject({ expired: 1, suspects: 0 })
    expect(await rowOf(db)).toMatchObject({ attempts: 0 })
    expect((await rowOf(db))?.wait).toBeLessThanOrEqual(0)
  })

  test('is not used up when the database was away for everybody', async ({ db, stores }) => {
    const operation = await lapsed(db, stores)
    await seen(db, 'holder', 600, 300)
    await seen(db, 'witness', 600, 300)
    // The first heartbeat after the outage begins a new steady time.
    await stores.nodes.heartbeat('witness', 0, 5000)
    expect(await stores.sweep.sweep(armedOf(operation), 60_000)).toMatchObject({ expired: 1, suspects: 0 })
  })

  test('is not used up when the sweep is the first to reach the database after an outage', async ({ db, stores }) => {
    const operation = await lapsed(db, stores)
    await seen(db, 'holder', 600, 303)
    await seen(db, 'witness', 600, 300)
    expect(await stores.sweep.sweep(armedOf(operation), 60_000)).toMatchObject({ expired: 1, suspects: 0 })
  })

  test('is not used up when the witness came only after the silence began', async ({ db, stores }) => {
    const operation = await lapsed(db, stores)
    await seen(db, 'holder', 600, 45)
    await seen(db, 'witness', 44, 0)
    expect(await stores.sweep.sweep(armedOf(operation), 60_000)).toMatchObject({ suspects: 0 })
  })

  test('is not used up when nobody but the holder was there, nor when it is its own witness', async ({ db, stores }) => {
    const operation = await lapsed(db, stores)
    await seen(db, 'holder', 600, 45)
    await db.query(`delete from ${NODE} where id = 'witness'`)
    expect(await stores.sweep.sweep(armedOf(operation), 60_000)).toMatchObject({ suspects: 0 })
  })

  test('is not used up by a holder that took its leave', async ({ db, stores }) => {
    const operation = await lapsed(db, stores)
    await stores.nodes.leave('holder')
    await seen(db, 'holder', 600, 45)
    await seen(db, 'witness', 600, 0)
    expect(await stores.sweep.sweep(armedOf(operation), 60_000)).toMatchObject({ expired: 1, suspects: 0 })
  })

  test('of a lone serve is judged when it comes back on the same host', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    await aNode(stores, 'before', 'serve', 4, process.pid)
    await claimOne(stores, operation, 'before')
    await aNode(stores, 'after', 'serve', 4, process.pid)
    await lapseLeases(db)
    expect(await claimOne(stores, operation, 'after')).toMatchObject({ attempts: 1 })
  })

  test('of a serve whose process is still there, or is on another host, or has left, is not', async ({ db, stores }) => {
    await aNode(stores, 'alive', 'serve', 4, process.pid)
    await stores.nodes.register({ id: 'far', kind: 'serve', version: '1', host: 'there', pid: 2 ** 22 + 1, slots: 4 }, 5000)
    await aNode(stores, 'left', 'serve', 4, 2 ** 22 + 2)
    await stores.nodes.leave('left')
    await aNode(stores, 'dead', 'serve', 4, 2 ** 22 + 3)
    await aNode(stores, 'new', 'serve', 4, 2 ** 22 + 4)
    expect(await db.query(`select id from ${NODE} where crashed_at is not null`)).toEqual([{ id: 'dead' }])
    await stores.nodes.heartbeat('dead', 0, 5000)
    expect(await db.query(`select id from ${NODE} where crashed_at is not null`)).toEqual([])
  })

  test('after the fifth is told to the worker, who then gives the chunk up', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    for (let attempt = 0; attempt < 5; attempt++) {
      await stores.chunks.giveBack(await claimOne(stores, operation), 'suspect')
      await db.query(`update ${SCHEMA}.operation_chunk set next_attempt_at = now()`)
      await stores.publish.mark(armedOf(operation), 10)
    }
    expect(await claimOne(stores, operation)).toMatchObject({ attempts: 5, epoch: 6 })
    expect((await reread(stores, operation)).status).toBe('DATA_MAPPING')
  })
})

describe('nodes', () => {
  test('are listed while they are seen', async ({ db, stores }) => {
    await aNode(stores, 'a')
    await aNode(stores, 'b', 'serve', 2, process.pid)
    await stores.nodes.heartbeat('a', 3, 5000)
    expect(await stores.nodes.nodes(30_000)).toMatchObject([
      { id: 'a', kind: 'worker', slots: 4, busySlots: 3, host: 'here' },
      { id: 'b', kind: 'serve', slots: 2, busySlots: 0 }
    ])
    await seen(db, 'a', 60, 31)
    await stores.nodes.leave('b')
    expect(await stores.nodes.nodes(30_000)).toEqual([])
  })

  test('come back to the list after it was lost', async ({ db, stores }) => {
    await aNode(stores, 'a')
    await db.query(`delete from ${NODE}`)
    await stores.nodes.heartbeat('a', 1, 5000)
    expect(await stores.nodes.nodes(30_000)).toMatchObject([{ id: 'a', kind: 'worker' }])
  })

  test('read the settings with their heartbeat; each change is a version', async ({ db, stores }) => {
    const id = randomUUID()
    await aNode(stores, id)
    expect(await stores.nodes.heartbeat(id, 0, 5000)).toEqual({
      version: 1,
      paused: false,
      logLevel: null,
      throttlePerMinute: null
    })
    await stores.nodes.changeSettings({ logLevel: 'debug', throttlePerMinute: 600 })
    const others = await storesOn(db, 1)
    await others.nodes.changeSettings({ paused: true })
    expect(await stores.nodes.heartbeat(id, 0, 5000)).toEqual({
      version: 3,
      paused: true,
      logLevel: 'debug',
      throttlePerMinute: 600
    })
    expect(await others.nodes.changeSettings({ logLevel: null })).toMatchObject({ logLevel: null, throttlePerMinute: 600 })
    await others.close()
  })

  test('that beat on time stay steady; one late beat begins anew', async ({ db, stores }) => {
    await aNode(stores, 'a')
    const steady = async () =>
      (await db.query<{ s: number }>(`select extract(epoch from now() - steady_since)::float8 as s from ${NODE}`))[0]?.s ?? 0
    await seen(db, 'a', 100, 14)
    await stores.nodes.heartbeat('a', 0, 5000)
    expect(await steady()).toBeGreaterThan(99)
    await seen(db, 'a', 100, 16)
    await stores.nodes.heartbeat('a', 0, 5000)
    expect(await steady()).toBeLessThan(2)
  })
})

test('a chunk of a lapsed lease may be claimed without the sweep', async ({ db, stores }) => {
  const operation = await aPublishedOperation(stores, { chunks: 1 })
  await claimOne(stores, operation, 'a', LEASE_MS)
  await lapseLeases(db)
  expect(await claimAll(stores, operation, 'b')).toMatchObject([{ epoch: 2 }])
})
