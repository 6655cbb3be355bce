import type { ChunkBus, Hint, Operation, Stores, Wake } from '@marc-migrations/domain'
import { systemClock } from '@marc-migrations/runtime'
import { tableBus } from '@marc-migrations/store'
import { describe, expect } from 'vitest'
import { chunkBusContract } from '../contract/chunk-bus.contract.ts'
import { aDatabase } from '../support/postgres.ts'
import { silentLogger } from '../support/silent-logger.ts'
import { aPublishedOperation, claimAll, hintsOf, LEASE_MS, mappedTally, storesOn, test } from '../support/store-fixtures.ts'

const busOn = (stores: Stores, wake: Wake = stores.wake, pollMs = 1000): ChunkBus =>
  tableBus({ chunks: stores.chunks, wake, clock: systemClock, pollMs, logger: silentLogger })

chunkBusContract(
  'table',
  async () => {
    const db = await aDatabase()
    const own = await storesOn(db, 4)
    const opened: Stores[] = [own]
    return {
      // A process of its own has a pool of its own, and hears the others by NOTIFY only.
      open: async () => {
        const stores = await storesOn(db, 2)
        opened.push(stores)
        return busOn(stores)
      },
      someHints: async (count) => await hintsOf(own, await aPublishedOperation(own, { chunks: count })),
      claim: async (hint) => (await own.chunks.claim(hint, 'worker', LEASE_MS)) !== null,
      close: async () => {
        await Promise.all(opened.map((stores) => stores.close()))
        await db.close()
      }
    }
  },
  { joinMs: 1_500, againMs: 3_000 }
)

describe('the table as a broker', () => {
  test('wakes other processes at once, long before they would look', async ({ db, stores }) => {
    const worker = await storesOn(db, 2)
    const bus = busOn(worker, worker.wake, 60_000)
    const seen: Hint[] = []
    await bus.subscribe((hint) => {
      seen.push(hint)
      return Promise.resolve('later')
    })
    await sleep(500)
    await aPublishedOperation(stores, { chunks: 1 })
    const start = performance.now()
    await busOn(stores).publish([seen[0] ?? (undefined as never)])
    await until(() => seen.length > 0)
    expect(performance.now() - start).toBeLessThan(2_000)
    await bus.close(1000)
    await worker.close()
  })

  test('is looked at all the same when no wake is ever heard', async ({ stores }) => {
    const deaf: Wake = { signal: () => Promise.resolve(), on: () => () => {} }
    const bus = busOn(stores, deaf, 100)
    const seen: Hint[] = []
    await bus.subscribe((hint) => {
      seen.push(hint)
      return Promise.resolve('ack')
    })
    await sleep(200)
    await aPublishedOperation(stores, { chunks: 1 })
    await until(() => seen.length > 0)
    await bus.close(1000)
  })

  test('rests between looks when idle, and when what it hands out stays there', async ({ stores }) => {
    let looks = 0
    const counting = {
      waiting: (limit: number) => {
        looks++
        return stores.chunks.waiting(limit)
      }
    }
    const deaf: Wake = { signal: () => Promise.resolve(), on: () => () => {} }
    const bus = tableBus({ chunks: counting, wake: deaf, clock: systemClock, pollMs: 100, logger: silentLogger })
    await bus.subscribe(() => Promise.resolve('ack'))
    await sleep(1_000)
    expect(looks).toBeLessThan(9)
    await aPublishedOperation(stores, { chunks: 1 })
    const before = looks
    await sleep(1_000)
    expect(looks - before).toBeLessThan(9)
    await bus.close(1000)
  })

  test('does not stop with the database, and says so meanwhile', async ({ stores }) => {
    let away = true
    const chunks = {
      waiting: (limit: number) => (away ? Promise.reject(new Error('away')) : stores.chunks.waiting(limit))
    }
    const bus = tableBus({ chunks, wake: stores.wake, clock: systemClock, pollMs: 50, logger: silentLogger })
    const seen: Hint[] = []
    await bus.subscribe((hint) => {
      seen.push(hint)
      return Promise.resolve('later')
    })
    await sleep(200)
    expect(await bus.health()).toEqual({ adapter: 'table', connected: false, detail: 'away' })
    await aPublishedOperation(stores, { chunks: 1 })
    away = false
    await until(() => seen.length > 0)
    expect(await bus.health()).toEqual({ adapter: 'table', connected: true })
    await bus.close(1000)
  })

  test('carries a whole operation through many workers, each chunk counted once', async ({ db, stores }) => {
    const operation: Operation = await aPublishedOperation(stores, { chunks: 60 })
    const workers = await Promise.all([storesOn(db, 2), storesOn(db, 2), storesOn(db, 2)])
    let counted = 0
    const buses = workers.map((worker) => busOn(worker))
    await Promise.all(
      buses.map((bus, i) =>
        bus.subscribe(async (hint) => {
          const claim = await workers[i]?.chunks.claim(hint, `w${i}`, LEASE_MS)
          if (claim && (await workers[i]?.chunks.count(claim, mappedTally(claim))) === 'counted') counted++
          return 'ack'
        })
      )
    )
    await until(() => counted === 60)
    expect(await claimAll(stores, operation)).toEqual([])
    await Promise.all(buses.map((bus) => bus.close(1000)))
    await Promise.all(workers.map((worker) => worker.close()))
  })
})

describe('a wake', () => {
  test('is heard by other processes, once for many signals, and not after it was let go', async ({ db, stores }) => {
    const other = await storesOn(db, 1)
    let heard = 0
    const stop = other.wake.on('room', () => heard++)
    other.wake.on('chunk', () => (heard += 1000))
    await sleep(500)
    await Promise.all(Array.from({ length: 50 }, () => stores.wake.signal('room')))
    await until(() => heard >= 1)
    await sleep(400)
    expect(heard).toBeLessThanOrEqual(2)
    stop()
    const before = heard
    await stores.wake.signal('room')
    await sleep(300)
    expect(heard).toBe(before)
    await other.close()
  })

  test('is heard again after the listening connection was cut', async ({ db, stores }) => {
    const other = await storesOn(db, 1)
    let heard = 0
    other.wake.on('chunk', () => heard++)
    await sleep(500)
    await db.query(`select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and query like 'listen%'`)
    await sleep(1_800)
    await stores.wake.signal('chunk')
    await until(() => heard > 0)
    await other.close()
  })

  test('that cannot be sent costs nothing', async ({ stores }) => {
    await stores.close()
    await stores.wake.signal('chunk')
  })
})

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 10_000
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not so within 10 s: ${holds.toString()}`)
    await sleep(10)
  }
}
