import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { kafkaDefaults } from '@marc-migrations/broker'
import { ownKafkaMissing } from '../support/kafka.ts'
import { skipSuite } from '../support/skips.ts'
import { anEnv, hints, until } from './bus-fixtures.ts'
import { collecting, delivered, faultyBroker, publishAtLast, type FaultyBroker } from './faulty-broker.ts'

const slow = process.env['RUN_SLOW'] === '1'
const missing = slow ? ownKafkaMissing() : 'minutes long, RUN_SLOW=1 runs it'
const left = missing !== undefined && skipSuite('slow faults of Kafka', missing, slow ? 'server' : 'data')

describe.skipIf(left)('slow faults of Kafka', { timeout: 180_000 }, () => {
  let broker: FaultyBroker

  beforeAll(async () => {
    broker = await faultyBroker()
  })
  afterAll(() => broker?.stop())
  afterEach(() => broker.closeBuses())

  test('a broker that stands still and goes on again has lost nothing', async () => {
    const bus = await broker.open()
    const taken = await collecting(bus)
    await delivered(taken, bus)
    broker.kafka.freeze()
    const some = hints(5)
    setTimeout(() => broker.kafka.thaw(), 5_000)
    const ms = await publishAtLast(bus, some)
    expect(ms).toBeGreaterThan(1_000)
    await until(() => some.every(({ chunkId }) => taken.has(chunkId)), 30_000)
  })

  test('a consumer that is stuck while the broker answers is replaced', async () => {
    const dead: string[] = []
    const env = anEnv()
    const bus = await broker.open({
      env,
      requestTimeoutMs: 60_000,
      deadAfterMs: 3_000,
      onDead: (reason) => void dead.push(reason)
    })
    const taken = await collecting(bus)
    await delivered(taken, bus)
    broker.link.swallow()
    await until(async () => !(await bus.health()).connected)
    const [hint] = hints(1)
    await (await broker.open({ env, role: 'publisher' })).publish(hint === undefined ? [] : [hint])
    await until(() => taken.size === 2, 30_000)
    expect(dead).toEqual([])
  })

  test('a broker that is away is no reason to end the process', async () => {
    const dead: string[] = []
    const bus = await broker.open({ deadAfterMs: 2_000, onDead: (reason) => void dead.push(reason) })
    const taken = await collecting(bus)
    await delivered(taken, bus)
    await broker.link.shut()
    await new Promise((resolve) => setTimeout(resolve, 6_000))
    expect(dead).toEqual([])
    await broker.link.open()
    await publishAtLast(bus, hints(1))
    await until(() => taken.size >= 2, 30_000)
    expect(dead).toEqual([])
  })

  test('under production times, connections that fall silent cost less than a minute', async () => {
    const bus = await broker.open(kafkaDefaults)
    const taken = await collecting(bus)
    await delivered(taken, bus)
    broker.link.swallow()
    const some = hints(500)
    const began = performance.now()
    const publisherMs = await publishAtLast(bus, some)
    await until(() => some.every(({ chunkId }) => taken.has(chunkId)), 90_000)
    const subscriberMs = performance.now() - began
    report('half-open, production times', publisherMs, subscriberMs)
    expect(Math.max(publisherMs, subscriberMs)).toBeLessThan(60_000)
  })

  test('under production times, a broker that is killed and away for 20 s loses nothing', async () => {
    const env = anEnv()
    const [publisher, first, second] = await Promise.all([
      broker.open({ ...kafkaDefaults, env, role: 'publisher', topicPartitions: 6 }),
      broker.open({ ...kafkaDefaults, env, role: 'subscriber' }),
      broker.open({ ...kafkaDefaults, env, role: 'subscriber' })
    ])
    const taken = [await collecting(first), await collecting(second)]
    const all = hints(1_200)
    await publisher.publish(all.slice(0, 600))
    await until(() => union(taken).size === 600, 30_000)
    await broker.kafka.kill()
    await new Promise((resolve) => setTimeout(resolve, 20_000))
    await broker.kafka.restart()
    const back = performance.now()
    const publisherMs = await publishAtLast(publisher, all.slice(600))
    await until(() => union(taken).size === 1_200, 90_000)
    report('kill -9, 20 s away, production times', publisherMs, performance.now() - back)
    const joined = async () => (await first.health()).connected && (await second.health()).connected
    console.log(
      `both members whole again ${Math.round((await until(joined, 60_000)) + performance.now() - back)} ms after its return`
    )
    expect(performance.now() - back).toBeLessThan(30_000)
  })

  test('a long pause parks the partition: the member stays in the group, and goes on when it is over', async () => {
    const bus = await broker.open()
    let taken = 0
    await bus.subscribe(() => {
      taken++
      bus.pause()
      return Promise.resolve('ack')
    })
    await bus.publish(hints(2))
    await until(() => taken === 1)
    await new Promise((resolve) => setTimeout(resolve, 10_000))
    expect(taken).toBe(1)
    expect(await bus.health()).toEqual({ adapter: 'kafka', connected: true })
    bus.resume()
    expect(await until(() => taken === 2)).toBeLessThan(3_000)
  })

  test('a handler that outlives its limit counts as later, and its member stays in the group', async () => {
    const bus = await broker.open({ handlerLimitMs: 8_000 })
    await bus.publish(hints(1))
    let offers = 0
    await bus.subscribe(() => (++offers === 1 ? new Promise(() => {}) : Promise.resolve('ack')))
    await until(() => offers === 2)
    expect(await bus.health()).toEqual({ adapter: 'kafka', connected: true })
  })

  test('partitions that are added are read by members that were there before', async () => {
    const env = anEnv()
    const bus = await broker.open({ env, topicPartitions: 1 })
    const taken = await collecting(bus)
    await delivered(taken, bus)
    const grown = await broker.open({ env, role: 'publisher', topicPartitions: 8 })
    const some = hints(64)
    await grown.publish(some)
    await until(() => some.every(({ chunkId }) => taken.has(chunkId)), 120_000)
  })
})

function union(sets: readonly ReadonlySet<string>[]): Set<string> {
  return new Set(sets.flatMap((set) => [...set]))
}

function report(what: string, publisherMs: number, subscriberMs: number): void {
  console.log(`${what}: publisher after ${Math.round(publisherMs)} ms, subscriber after ${Math.round(subscriberMs)} ms`)
}
