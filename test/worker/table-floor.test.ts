import type { Clock, Hint } from '@marc-migrations/domain'
import { expect, test } from 'vitest'
import { startTableFloor } from '../../apps/worker/src/table-floor.ts'
import { VirtualTime } from '../simulation/virtual-time.ts'

const SLOTS = 4
const CHUNK_MS = 400
const hint: Hint = { v: 1, tenant: 't', operationId: 'o', chunkId: 'c', step: 'DATA_MAPPING', attempt: 0 }

/** A worker of four slots over a table with so many chunks, that hears of one each `hintEveryMs`. */
async function counted(
  forMs: number,
  world: { readonly inTable: number; readonly hintEveryMs: number; readonly away?: Error }
) {
  const time = new VirtualTime()
  const clock: Clock = {
    now: () => time.now,
    monotonic: () => time.now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) return resolve()
        const timer = time.after(ms, resolve)
        signal?.addEventListener('abort', () => {
          timer.cancel()
          resolve()
        })
      })
  }
  let { inTable } = world
  let busy = 0
  let freeSince: number | undefined = 0
  const seen = { counted: 0, looks: 0, failures: new Array<unknown>() }
  const regulate = (): void => {
    freeSince = busy < SLOTS ? (freeSince ?? time.now) : undefined
  }
  const offer = (): Promise<'ack' | 'later'> => {
    if (busy === SLOTS) return Promise.resolve('later')
    busy++
    regulate()
    time.after(CHUNK_MS, () => {
      busy--
      seen.counted++
      regulate()
      floor.slotFreed()
    })
    return Promise.resolve('ack')
  }
  const floor = startTableFloor({
    chunks: {
      waiting: (limit) => {
        seen.looks++
        if (world.away !== undefined) return Promise.reject(world.away)
        const given = Math.min(limit, inTable)
        inTable -= given
        return Promise.resolve(Array.from({ length: given }, () => hint))
      }
    },
    offer,
    freeSince: () => freeSince,
    freeSlots: () => SLOTS - busy,
    onFailure: (error) => seen.failures.push(error),
    clock
  })
  const hear = (): void => {
    void offer()
    time.after(world.hintEveryMs, hear)
  }
  time.after(world.hintEveryMs, hear)
  await time.run(() => false, forMs)
  floor.stop()
  return seen
}

test('a worker that hears of some chunks, but of too few, fills its slots from the table', async () => {
  const capacity = (SLOTS * 60_000) / CHUNK_MS
  const { counted: all } = await counted(60_000, { inTable: 10_000, hintEveryMs: 300 })
  expect(all).toBeGreaterThan(0.9 * capacity)
})

test('a worker whose slots are filled by hints leaves the table alone', async () => {
  const { looks } = await counted(60_000, { inTable: 10_000, hintEveryMs: 50 })
  expect(looks).toBe(0)
})

test('with nothing in the table it looks less and less often', async () => {
  const { looks } = await counted(60_000, { inTable: 0, hintEveryMs: 300 })
  expect(looks).toBeLessThan(16)
})

test('a table that cannot be read is told of each time, and looked at less and less often', async () => {
  const away = new Error('away')
  const { looks, failures } = await counted(60_000, { inTable: 0, hintEveryMs: 300, away })
  expect(failures).toEqual(Array.from({ length: looks }, () => away))
  expect(looks).toBeLessThan(16)
  expect(looks).toBeGreaterThan(5)
})
