import type { Clock } from '@marc-migrations/domain'
import type { Admin, ITopicConfig } from 'kafkajs'

/** What the topic shall be. */
export interface TopicWish {
  readonly topic: string
  readonly partitions: number
  /** The broker's own default when absent. */
  readonly replicationFactor?: number
}

const RETENTION_MS = 7 * 24 * 3_600_000
const SETTLE_MS = 100
const NOT_YET = new Set(['UNKNOWN_TOPIC_OR_PARTITION', 'LEADER_NOT_AVAILABLE'])

/**
 * Looks for the topic, creates it where it is missing, and adds partitions where it has too few. Any number of publishers may
 * do so at once.
 *
 * @returns when all its partitions can be written to: a send before that is repeated by the client, and doubled by that
 */
export async function ensureTopic(admin: Admin, wish: TopicWish, clock: Clock): Promise<void> {
  for (let asked = false; ; asked = true) {
    const found = await partitionsOf(admin, wish.topic)
    if (found !== undefined && found >= wish.partitions) return
    if (!asked && found === undefined) await admin.createTopics({ topics: [configOf(wish)], waitForLeaders: false })
    if (!asked && found !== undefined) await grow(admin, wish)
    await clock.sleep(SETTLE_MS)
  }
}

/** Undefined where there is no such topic, or not all of it has a leader yet. */
async function partitionsOf(admin: Admin, topic: string): Promise<number | undefined> {
  try {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] })
    return topics.find(({ name }) => name === topic)?.partitions.length
  } catch (error) {
    if (NOT_YET.has(typeOf(error))) return undefined
    throw error
  }
}

/** Another publisher may have grown it between our look and our wish. */
async function grow(admin: Admin, { topic, partitions }: TopicWish): Promise<void> {
  try {
    await admin.createPartitions({ topicPartitions: [{ topic, count: partitions }] })
  } catch (error) {
    if (typeOf(error) !== 'INVALID_PARTITIONS') throw error
  }
}

function configOf({ topic, partitions, replicationFactor }: TopicWish): ITopicConfig {
  const configEntries = [{ name: 'retention.ms', value: String(RETENTION_MS) }]
  if (replicationFactor === undefined) return { topic, numPartitions: partitions, configEntries }
  // With three replicas one may be away: a write that only one has would be lost with it.
  if (replicationFactor >= 3) configEntries.push({ name: 'min.insync.replicas', value: '2' })
  return { topic, numPartitions: partitions, replicationFactor, configEntries }
}

function typeOf(error: unknown): string {
  const type: unknown = typeof error === 'object' && error !== null ? Reflect.get(error, 'type') : undefined
  return typeof type === 'string' ? type : ''
}
