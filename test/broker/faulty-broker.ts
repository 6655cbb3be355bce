import type { ChunkBus, Hint } from '@marc-migrations/domain'
import { expect } from 'vitest'
import { startOwnKafka, type OwnKafka } from '../support/kafka.ts'
import { aLink, type Link } from '../support/link.ts'
import { aBus, aHint, until } from './bus-fixtures.ts'

const PUBLISH_LIMIT_MS = 4_000

/** A broker of our own behind a line of our own, to maltreat both. */
export interface FaultyBroker {
  readonly kafka: OwnKafka
  readonly link: Link
  open(change?: Parameters<typeof aBus>[1]): Promise<ChunkBus>
  closeBuses(): Promise<void>
  stop(): Promise<void>
}

export async function faultyBroker(): Promise<FaultyBroker> {
  const link = await aLink()
  const kafka = await startOwnKafka({ advertisedPort: link.port })
  link.to(Number(kafka.brokers[0]?.split(':')[1]))
  let opened: ChunkBus[] = []
  return {
    kafka,
    link,
    open: async (change) => {
      const bus = await aBus([`127.0.0.1:${link.port}`], change)
      opened.push(bus)
      return bus
    },
    closeBuses: async () => {
      await Promise.all(opened.map((bus) => bus.close(500)))
      opened = []
    },
    stop: async () => {
      await link.close()
      await kafka.stop()
    }
  }
}

/** Subscribes; the chunks of all hints that were taken. */
export async function collecting(bus: ChunkBus): Promise<Set<string>> {
  const taken = new Set<string>()
  await bus.subscribe((hint) => {
    taken.add(hint.chunkId)
    return Promise.resolve('ack')
  })
  return taken
}

/** Publishes until it succeeds, as the rounds of a publisher do; no call may take longer than its limit. */
export async function publishAtLast(bus: ChunkBus, some: readonly Hint[]): Promise<number> {
  const began = performance.now()
  for (;;) {
    const callBegan = performance.now()
    const done = await bus.publish(some).then(
      () => true,
      () => false
    )
    expect(performance.now() - callBegan).toBeLessThan(PUBLISH_LIMIT_MS + 1_000)
    if (done) return performance.now() - began
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
}

/** A hint goes through the bus. */
export async function delivered(taken: ReadonlySet<string>, bus: ChunkBus): Promise<void> {
  const hint = aHint()
  await bus.publish([hint])
  await until(() => taken.has(hint.chunkId))
}
