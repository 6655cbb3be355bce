import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { ownKafkaMissing } from '../support/kafka.ts'
import { skipSuite } from '../support/skips.ts'
import { hints, until } from './bus-fixtures.ts'
import { collecting, delivered, faultyBroker, publishAtLast, type FaultyBroker } from './faulty-broker.ts'

const missing = ownKafkaMissing()

describe.skipIf(missing !== undefined && skipSuite('faults of Kafka', missing, 'server'))('faults of Kafka', () => {
  let broker: FaultyBroker

  beforeAll(async () => {
    broker = await faultyBroker()
  })
  afterAll(() => broker?.stop())
  afterEach(() => broker.closeBuses())

  test('a broker that is away at the start is no error; it is found when it comes', async () => {
    await broker.link.shut()
    const began = performance.now()
    const bus = await broker.open()
    expect(performance.now() - began).toBeLessThan(4_000)
    const taken = await collecting(bus)
    expect(await bus.health()).toMatchObject({ adapter: 'kafka', connected: false, detail: expect.any(String) as string })
    await expect(bus.publish(hints(1))).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE', kind: 'outage' })
    await broker.link.open()
    const some = hints(5)
    await publishAtLast(bus, some)
    await until(() => taken.size === 5)
    expect(await bus.health()).toEqual({ adapter: 'kafka', connected: true })
  })

  test('while the broker is known to be away, publishing fails at once', async () => {
    const bus = await broker.open({ role: 'publisher' })
    await broker.link.shut()
    await until(async () => !(await bus.health()).connected)
    const began = performance.now()
    for (let call = 0; call < 20; call++) await expect(bus.publish(hints(200))).rejects.toThrow('BROKER_UNAVAILABLE')
    expect(performance.now() - began).toBeLessThan(200)
    await broker.link.open()
    await publishAtLast(bus, hints(1))
  })

  test('connections that fall silent are given up: publisher and subscriber are alive again', async () => {
    const bus = await broker.open()
    const taken = await collecting(bus)
    await delivered(taken, bus)
    const before = broker.link.swallowed()
    broker.link.swallow()
    const some = hints(20)
    const began = performance.now()
    const publisherMs = await publishAtLast(bus, some)
    await until(() => some.every(({ chunkId }) => taken.has(chunkId)), 60_000)
    const subscriberMs = performance.now() - began
    expect(broker.link.swallowed()).toBeGreaterThan(before)
    console.log(`half-open: publisher after ${Math.round(publisherMs)} ms, subscriber after ${Math.round(subscriberMs)} ms`)
    expect(subscriberMs).toBeLessThan(30_000)
  })

  test('a broker that is killed and comes back finds publisher and subscriber as they were', async () => {
    const bus = await broker.open()
    const taken = await collecting(bus)
    await delivered(taken, bus)
    await broker.kafka.kill()
    await expect(bus.publish(hints(1))).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
    await broker.kafka.restart()
    const some = hints(20)
    const began = performance.now()
    const publisherMs = await publishAtLast(bus, some)
    await until(() => some.every(({ chunkId }) => taken.has(chunkId)), 60_000)
    const subscriberMs = performance.now() - began
    console.log(`kill -9: publisher after ${Math.round(publisherMs)} ms, subscriber after ${Math.round(subscriberMs)} ms`)
    expect(subscriberMs).toBeLessThan(30_000)
  })

  test('a close on a silent line keeps its limit', async () => {
    const bus = await broker.open({ requestTimeoutMs: 60_000 })
    const taken = await collecting(bus)
    await delivered(taken, bus)
    broker.link.swallow()
    const began = performance.now()
    await bus.close(1_000)
    expect(performance.now() - began).toBeLessThan(2_000)
  })

  test('a process whose consumers cannot work with a broker that answers is told of, once', async () => {
    const dead: string[] = []
    // Less than any broker allows, so that each join is refused.
    const bus = await broker.open({ sessionTimeoutMs: 1_000, heartbeatMs: 300, onDead: (reason) => void dead.push(reason) })
    await collecting(bus)
    await until(() => dead.length > 0)
    await new Promise((resolve) => setTimeout(resolve, 3_000))
    expect(dead).toEqual(['crashed'])
  })
})
