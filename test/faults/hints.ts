import { Kafka, logLevel } from 'kafkajs'
import type { Admin, Consumer, Message, Producer } from 'kafkajs'
import { chunkTopic, workerGroup } from '../../libs/broker/src/kafka-names.ts'
import { until } from '../system/jobs.ts'
import type { Site } from './site.ts'

const clientOf = (site: Site): Kafka => new Kafka({ brokers: [...site.kafka.brokers], logLevel: logLevel.NOTHING })

/** What an administrator of the broker does, on a connection of its own. */
export async function asAdmin<T>(site: Site, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = clientOf(site).admin()
  await admin.connect()
  try {
    return await work(admin)
  } finally {
    await admin.disconnect()
  }
}

export interface HintCounts {
  /** Hints in the topic, ever. */
  readonly sent: number
  /** Of them, those the workers are done with. */
  readonly done: number
  readonly members: number
}

export async function hintCounts(site: Site, env = site.bucket): Promise<HintCounts> {
  return await asAdmin(site, async (admin) => {
    const topic = chunkTopic(env)
    const ends = await admin.fetchTopicOffsets(topic)
    const [committed] = await admin.fetchOffsets({ groupId: workerGroup(env), topics: [topic] })
    const { groups } = await admin.describeGroups([workerGroup(env)])
    return {
      sent: sum(ends.map(({ high }) => high)),
      done: sum((committed?.partitions ?? []).map(({ offset }) => offset)),
      members: groups[0]?.state === 'Stable' ? groups[0].members.length : 0
    }
  })
}

/** Hints in the topic, ever; of a broker that may have come back a moment ago. */
export async function hintsSent(site: Site): Promise<number> {
  return await asAdmin(site, async (admin) =>
    sum((await admin.fetchTopicOffsets(chunkTopic(site.bucket))).map(({ high }) => high))
  )
}

/** Every hint comes again; nobody may be in the group. */
export async function resetOffsets(site: Site): Promise<void> {
  const topic = { groupId: workerGroup(site.bucket), topic: chunkTopic(site.bucket) }
  await asAdmin(site, (admin) => admin.resetOffsets({ ...topic, earliest: true }))
}

/** Waits until every hint is done with: publisher and workers are with the broker. The milliseconds it took. */
export async function untilHintsAreDone(site: Site, members: number, sentBefore: number, withinMs: number): Promise<number> {
  const began = performance.now()
  const done = async (): Promise<boolean> => {
    const now = await hintCounts(site).catch(() => undefined)
    return now !== undefined && now.sent > sentBefore && now.done === now.sent && now.members === members
  }
  await until('all hints are done with', done, withinMs)
  return Math.round(performance.now() - began)
}

const sum = (offsets: readonly string[]): number => offsets.reduce((total, offset) => total + Math.max(0, Number(offset)), 0)

/** Stands between publisher and workers, who are of two deployments as far as Kafka goes, and changes what passes. */
export interface Meddler {
  /** For the workers' settings. */
  readonly env: string
  passed(): number
  stop(): Promise<void>
}

const GATHER_MS = 300

/** @param change of the hints of 300 ms, to what the workers get of them */
export async function aMeddler(site: Site, change: (hints: readonly Message[]) => readonly Message[]): Promise<Meddler> {
  const env = `${site.bucket}-meddled`
  await asAdmin(site, (admin) => admin.createTopics({ topics: [{ topic: chunkTopic(env), numPartitions: 4 }] }))
  const kafka = clientOf(site)
  const consumer: Consumer = kafka.consumer({ groupId: `${env}-meddler`, retry: { retries: 100 } })
  const producer: Producer = kafka.producer()
  await Promise.all([consumer.connect(), producer.connect()])
  const gathered: Message[] = []
  let passed = 0
  let passing = Promise.resolve()
  const pass = async (): Promise<void> => {
    const messages = [...change(gathered.splice(0))]
    if (messages.length > 0) await producer.send({ topic: chunkTopic(env), messages })
    passed += messages.length
  }
  const passingOn = setInterval(() => {
    passing = passing.then(pass).catch(() => {})
  }, GATHER_MS)
  await consumer.subscribe({ topic: chunkTopic(site.bucket), fromBeginning: true })
  await consumer.run({
    eachMessage: ({ message: { key, value } }) => Promise.resolve(void gathered.push({ key, value }))
  })
  return {
    env,
    passed: () => passed,
    stop: async () => {
      clearInterval(passingOn)
      await passing
      await Promise.all([consumer.disconnect(), producer.disconnect()])
    }
  }
}
