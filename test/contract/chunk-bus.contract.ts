import type { ChunkBus, Hint, HintAnswer, HintHandler } from '@marc-migrations/domain'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'

/** A broker for one test, and what a test may do to it. */
export interface ChunkBusUnderTest {
  /** Another client of the same broker, as another process would have it; the suite closes what it opened. */
  open(): Promise<ChunkBus>
  /** Hints that stand for work which can be done: published, nobody has taken them. */
  someHints(count: number): Promise<readonly Hint[]>
  /** What a worker does before it acks: from now on the hint has been acted on. True for whoever is first. */
  claim(hint: Hint): Promise<boolean>
  close(): Promise<void>
}

export interface ChunkBusTimes {
  /** Until the first hint reaches a fresh subscriber; a broker's group may need seconds to join. */
  readonly joinMs: number
  /** Within this a hint that is not done with is offered again. */
  readonly againMs: number
}

/**
 * What every broker of hints owes its callers: at least once, in no order, nothing done with before it is acked, and no
 * error across the port.
 */
export function chunkBusContract(
  name: string,
  factory: () => Promise<ChunkBusUnderTest>,
  times: ChunkBusTimes = { joinMs: 5_000, againMs: 10_000 }
): void {
  describe(`chunk bus: ${name}`, { timeout: times.joinMs + 3 * times.againMs + 20_000 }, () => {
    let under: ChunkBusUnderTest
    let opened: ChunkBus[]

    beforeEach(async () => {
      under = await factory()
      opened = []
    })
    afterEach(async () => {
      await Promise.all(opened.map((bus) => bus.close(500)))
      await under.close()
    })

    const open = async (): Promise<ChunkBus> => {
      const bus = await under.open()
      opened.push(bus)
      return bus
    }

    /** Takes a hint when its claim does. */
    const claiming =
      (taken: Hint[]): HintHandler =>
      async (hint) => {
        if (await under.claim(hint)) taken.push(hint)
        return 'ack'
      }

    test('brings every published hint to a subscriber, as it was published', async () => {
      const taken: Hint[] = []
      const [publisher, subscriber] = [await open(), await open()]
      await subscriber.subscribe(claiming(taken))
      const hints = await under.someHints(25)
      await publisher.publish(hints)
      await until(() => taken.length === 25, times.joinMs + times.againMs)
      expect(ids(taken)).toEqual(ids(hints))
      expect(taken.find(({ chunkId }) => chunkId === hints[0]?.chunkId)).toEqual(hints[0])
    })

    test('brings hints that were published before anybody subscribed', async () => {
      const hints = await under.someHints(3)
      await (await open()).publish(hints)
      const taken: Hint[] = []
      await (await open()).subscribe(claiming(taken))
      await until(() => taken.length === 3, times.joinMs + times.againMs)
    })

    test('shares the hints among subscribers, each hint taken once', async () => {
      const taken: [Hint[], Hint[]] = [[], []]
      for (const mine of taken) {
        await (
          await open()
        ).subscribe(async (hint) => {
          if (await under.claim(hint)) mine.push(hint)
          await sleep(10)
          return 'ack'
        })
      }
      const hints = await under.someHints(30)
      await (await open()).publish(hints)
      await until(() => taken.flat().length === 30, times.joinMs + times.againMs)
      expect(ids(taken.flat())).toEqual(ids(hints))
    })

    test('offers a hint again that was answered with later', async () => {
      const hints = await under.someHints(3)
      const refused = new Set<string>()
      const taken: Hint[] = []
      await (
        await open()
      ).subscribe(async (hint) => {
        if (refused.size < 2 && !refused.has(hint.chunkId)) {
          refused.add(hint.chunkId)
          return 'later'
        }
        return await claiming(taken)(hint, { signal: new AbortController().signal })
      })
      await (await open()).publish(hints)
      await until(() => taken.length === 3, times.joinMs + 3 * times.againMs)
      expect(ids(taken)).toEqual(ids(hints))
    })

    test('takes what a handler throws as later, and goes on', async () => {
      const hints = await under.someHints(3)
      const taken: Hint[] = []
      let thrown = 0
      await (
        await open()
      ).subscribe(async (hint, context) => {
        if (thrown++ === 0) throw new Error('the handler broke its promise')
        return await claiming(taken)(hint, context)
      })
      await (await open()).publish(hints)
      await until(() => taken.length === 3, times.joinMs + 3 * times.againMs)
    })

    test('hands out nothing more while it is paused, and goes on after', async () => {
      const subscriber = await open()
      const taken: Hint[] = []
      let offered = 0
      await subscriber.subscribe(async (hint, context) => {
        offered++
        subscriber.pause()
        return await claiming(taken)(hint, context)
      })
      const publisher = await open()
      await publisher.publish(await under.someHints(4))
      await until(() => taken.length === 1, times.joinMs + times.againMs)
      await publisher.publish(await under.someHints(1))
      await sleep(500)
      expect(offered).toBe(1)
      for (let n = 2; n <= 5; n++) {
        subscriber.resume()
        await until(() => taken.length === n, 3 * times.againMs)
      }
    })

    test('loses nothing with a subscriber that died with a hint in its hands', async () => {
      const hints = await under.someHints(3)
      const dead = await open()
      let held = false
      await dead.subscribe(
        () =>
          new Promise<HintAnswer>(() => {
            held = true
          })
      )
      await (await open()).publish(hints)
      await until(() => held, times.joinMs + times.againMs)
      await dead.close(100)
      const taken: Hint[] = []
      await (await open()).subscribe(claiming(taken))
      await until(() => taken.length === 3, times.joinMs + 3 * times.againMs)
    })

    test('does not bring what was acked and acted on to who comes later', async () => {
      const hints = await under.someHints(3)
      const taken: Hint[] = []
      const first = await open()
      await first.subscribe(claiming(taken))
      await (await open()).publish(hints)
      await until(() => taken.length === 3, times.joinMs + times.againMs)
      await first.close(5_000)
      const again: Hint[] = []
      await (await open()).subscribe(claiming(again))
      await sleep(Math.min(times.againMs, 2_000))
      expect(again).toEqual([])
    })

    test('bears hints published twice', async () => {
      const hints = await under.someHints(4)
      const taken: Hint[] = []
      await (await open()).subscribe(claiming(taken))
      const publisher = await open()
      await Promise.all([publisher.publish(hints), publisher.publish(hints)])
      await until(() => taken.length === 4, times.joinMs + times.againMs)
      await sleep(200)
      expect(ids(taken)).toEqual(ids(hints))
    })

    test('publishes nothing when there is nothing', async () => {
      await (await open()).publish([])
    })

    test('tells its name and its health', async () => {
      const bus = await open()
      expect(await bus.health()).toMatchObject({ adapter: expect.any(String) as string, connected: true })
    })

    test('waits for a running handler when it closes, and hands out nothing after', async () => {
      const subscriber = await open()
      const ended: string[] = []
      let began = 0
      await subscriber.subscribe(async (hint) => {
        began++
        await sleep(300)
        await under.claim(hint)
        ended.push(hint.chunkId)
        return 'ack'
      })
      await (await open()).publish(await under.someHints(20))
      await until(() => began > 0, times.joinMs + times.againMs)
      await subscriber.close(5_000)
      expect(ended).toHaveLength(began)
      await sleep(500)
      expect(ended).toHaveLength(began)
    })

    test('does not wait for a handler longer than it was told', async () => {
      const subscriber = await open()
      let began = false
      await subscriber.subscribe(() => {
        began = true
        return new Promise<HintAnswer>(() => {})
      })
      await (await open()).publish(await under.someHints(1))
      await until(() => began, times.joinMs + times.againMs)
      const start = performance.now()
      await subscriber.close(300)
      expect(performance.now() - start).toBeLessThan(5_000)
    })
  })
}

const ids = (hints: readonly Hint[]): string[] => hints.map(({ chunkId }) => chunkId).sort()
const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

async function until(holds: () => boolean, withinMs: number): Promise<void> {
  const end = performance.now() + withinMs
  while (!holds()) {
    if (performance.now() > end) throw new Error(`not so within ${withinMs} ms: ${holds.toString()}`)
    await sleep(10)
  }
}
