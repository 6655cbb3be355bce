import { chunkTopic, workerGroup } from '@marc-migrations/broker'
import type { ChunkBus, HintAnswer } from '@marc-migrations/domain'
import { Kafka, logLevel, Partitioners, type Admin, type KafkaMessage } from 'kafkajs'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { kafkaMissing, startKafka, type KafkaServer } from '../support/kafka.ts'
import { skipSuite } from '../support/skips.ts'
import { aBus, aHint, anEnv, hints, rememberingLogger, until } from './bus-fixtures.ts'

const missing = kafkaMissing()

describe.skipIf(missing !== undefined && skipSuite('the bus on Kafka', missing, 'server'))('the bus on Kafka', () => {
  let server: KafkaServer
  let kafka: Kafka
  let admin: Admin
  let opened: ChunkBus[] = []

  beforeAll(async () => {
    server = await startKafka()
    kafka = new Kafka({ brokers: [...server.brokers], logLevel: logLevel.NOTHING })
    admin = kafka.admin()
    await admin.connect()
  })
  afterAll(async () => {
    await admin?.disconnect()
    await server?.stop()
  })
  afterEach(async () => {
    await Promise.all(opened.map((bus) => bus.close(500)))
    opened = []
  })

  const open = async (change: Parameters<typeof aBus>[1] = {}): Promise<ChunkBus> => {
    const bus = await aBus(server.brokers, change)
    opened.push(bus)
    return bus
  }
  const partitionsOf = async (env: string): Promise<number> => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [chunkTopic(env)] })
    return topics[0]?.partitions.length ?? 0
  }
  /** Of the one partition. */
  const committed = async (env: string): Promise<string | undefined> => {
    const [offsets] = await admin.fetchOffsets({ groupId: workerGroup(env), topics: [chunkTopic(env)] })
    return offsets?.partitions[0]?.offset
  }
  const produceRaw = async (env: string, values: readonly string[]): Promise<void> => {
    const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
    await producer.connect()
    await producer.send({ topic: chunkTopic(env), messages: values.map((value) => ({ value })) })
    await producer.disconnect()
  }

  test('a publisher makes the topic under its name, with its partitions and a week of retention', async () => {
    const env = anEnv()
    await open({ env, role: 'publisher', topicPartitions: 5 })
    expect(await partitionsOf(env)).toBe(5)
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: [{ type: 2, name: `${env}.ALL.marc-migrations.chunk`, configNames: ['retention.ms'] }]
    })
    expect(resources[0]?.configEntries[0]?.configValue).toBe(String(7 * 24 * 3_600_000))
  })

  test('a topic grows with the setting, and never shrinks', async () => {
    const env = anEnv()
    await open({ env, role: 'publisher', topicPartitions: 2 })
    await open({ env, role: 'publisher', topicPartitions: 4 })
    await open({ env, role: 'publisher', topicPartitions: 3 })
    expect(await partitionsOf(env)).toBe(4)
  })

  test('publishers that start at once agree on the topic', async () => {
    const env = anEnv()
    const buses = await Promise.all([1, 2, 3].map(() => open({ env, role: 'publisher', topicPartitions: 3 })))
    for (const bus of buses) expect(await bus.health()).toEqual({ adapter: 'kafka', connected: true })
  })

  test('a topic that somebody deletes is made again', async () => {
    const env = anEnv()
    const bus = await open({ env })
    await admin.deleteTopics({ topics: [chunkTopic(env)] })
    await until(async () => (await admin.listTopics()).includes(chunkTopic(env)))
    const taken: string[] = []
    await bus.subscribe((hint) => {
      taken.push(hint.chunkId)
      return Promise.resolve('ack')
    })
    const hint = aHint()
    await until(() =>
      bus.publish([hint]).then(
        () => true,
        () => false
      )
    )
    await until(() => taken.includes(hint.chunkId))
  })

  test('a message has the chunk for its key, less than 1 KiB of ids, and no header but traceparent', async () => {
    const env = anEnv()
    const hint = aHint()
    await (await open({ env })).publish([hint])
    const consumer = kafka.consumer({ groupId: anEnv() })
    await consumer.connect()
    await consumer.subscribe({ topic: chunkTopic(env), fromBeginning: true })
    const message = await new Promise<KafkaMessage>((resolve) => {
      void consumer.run({ eachMessage: (payload) => Promise.resolve(resolve(payload.message)) })
    })
    await consumer.disconnect()
    expect(message.key?.toString()).toBe(hint.chunkId)
    expect(JSON.parse(message.value?.toString() ?? '')).toEqual(hint)
    expect(message.value?.byteLength).toBeLessThan(1024)
    expect(Object.keys(message.headers ?? {})).toEqual(['traceparent'])
  })

  test('a publication of any size goes out in batches, all of it', async () => {
    const env = anEnv()
    await (await open({ env })).publish(hints(1_001))
    const [offsets] = await admin.fetchTopicOffsets(chunkTopic(env))
    expect(offsets?.high).toBe('1001')
  })

  test('the offset moves right after each ack, and not past a hint that is still in hand', async () => {
    const env = anEnv()
    const bus = await open({ env })
    await bus.publish(hints(3))
    const answers: ((answer: HintAnswer) => void)[] = []
    await bus.subscribe(() => new Promise((resolve) => answers.push(resolve)))
    await until(() => answers.length === 1)
    expect(await committed(env)).toBe('-1')
    answers[0]?.('ack')
    await until(() => answers.length === 2)
    expect(await committed(env)).toBe('1')
    answers[1]?.('ack')
    await until(() => answers.length === 3)
    expect(await committed(env)).toBe('2')
  })

  test('a hint answered later is not committed, and comes to another subscriber when ours is gone', async () => {
    const env = anEnv()
    const [hint] = hints(1)
    const first = await open({ env })
    await first.publish(hint === undefined ? [] : [hint])
    let offers = 0
    await first.subscribe(() => {
      offers++
      return Promise.resolve('later')
    })
    await until(() => offers >= 5)
    expect(await committed(env)).toBe('-1')
    await first.close(2_000)
    const taken: string[] = []
    await (
      await open({ env })
    ).subscribe((seen) => {
      taken.push(seen.chunkId)
      return Promise.resolve('ack')
    })
    await until(() => taken.length === 1)
    expect(taken).toEqual([hint?.chunkId])
  })

  test('a slot that comes free soon has its hint at once, without another fetch', async () => {
    const bus = await open()
    let taken = 0
    await bus.subscribe(() => {
      taken++
      bus.pause()
      return Promise.resolve('ack')
    })
    await bus.publish(hints(10))
    await until(() => taken === 1)
    const waits: number[] = []
    for (let next = 2; next <= 10; next++) {
      await new Promise((resolve) => setTimeout(resolve, 150))
      bus.resume()
      waits.push(await until(() => taken === next))
    }
    expect(Math.max(...waits)).toBeLessThan(400)
  })

  test('what no worker of this version can read is passed over, and what stands behind it is delivered', async () => {
    const env = anEnv()
    const { logger, events } = rememberingLogger()
    const bus = await open({ env, logger })
    await produceRaw(env, ['{"v":2,"chunk":"in a way nobody knows yet"}', 'no JSON'])
    const hint = aHint()
    await bus.publish([hint])
    const taken: string[] = []
    await bus.subscribe((seen) => {
      taken.push(seen.chunkId)
      return Promise.resolve('ack')
    })
    await until(() => taken.length === 1)
    expect(taken).toEqual([hint.chunkId])
    expect(events).toEqual(expect.arrayContaining(['hint.newer', 'hint.unreadable']))
  })

  test('a subscriber does not publish', async () => {
    const bus = await open({ role: 'subscriber' })
    await expect(bus.publish(hints(1))).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
  })

  test('a subscriber that comes before the topic joins when a publisher made it', async () => {
    const env = anEnv()
    const early = await open({ env, role: 'subscriber' })
    let taken = 0
    await early.subscribe(() => {
      taken++
      return Promise.resolve('ack')
    })
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await early.health()).toMatchObject({ connected: false, detail: 'subscriber: not in the group' })
    await (await open({ env, role: 'publisher' })).publish(hints(1))
    await until(() => taken === 1)
    expect(await early.health()).toEqual({ adapter: 'kafka', connected: true })
  })

  test('a closed bus refuses to publish, and a second close is no error', async () => {
    const bus = await open()
    await bus.close(2_000)
    await expect(bus.publish(hints(1))).rejects.toMatchObject({ code: 'BROKER_UNAVAILABLE' })
    await bus.close(2_000)
  })
})
