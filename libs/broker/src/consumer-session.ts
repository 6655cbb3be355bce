import type { Consumer } from 'kafkajs'
import { brokerAnswers } from './broker-answers.ts'
import { deliverBatch, type Delivery } from './deliver-batch.ts'
import { kafkaClient } from './kafka-client.ts'
import { chunkTopic, workerGroup } from './kafka-names.ts'
import type { KafkaSettings } from './kafka-options.ts'
import { watchLife, type LifeWatch } from './watch-life.ts'
import { within } from './within.ts'

/** Why a session ended. `hopeless`: the client says that another try changes nothing. */
export interface SessionEnd {
  readonly reason: 'crashed' | 'silent'
  readonly hopeless: boolean
  readonly error?: unknown
}

/** One life of a consumer, from its connect to its first trouble. A new one begins from nothing. */
export interface ConsumerSession {
  /** Never rejects; never resolves when `close` came first. */
  readonly ended: Promise<SessionEnd>
  /** In the group, and the broker answered lately. */
  isConnected(): boolean
  /** Was in the group at least once. */
  hasJoined(): boolean
  /** Leaves the group and closes, by force where the limit is passed. */
  close(limitMs: number): Promise<void>
}

/** Of a step of joining or fetching: in effect until the broker is back, so that an outage costs no member its place. */
const RETRIES = 100_000
/** Of a call within such a step. */
const CALL_RETRIES = 8
/** Answers that prove a consumer which works: fetches and heartbeats, and the steps of joining. */
const PROOFS = new Set(['Fetch', 'Heartbeat', 'JoinGroup', 'SyncGroup'])

export function consumerSession(delivery: Delivery): ConsumerSession {
  const { settings } = delivery
  const { clock, logger } = settings
  const client = kafkaClient(settings, CALL_RETRIES)
  const consumer = client.kafka.consumer(consumerConfig(settings))
  client.guard(consumer)
  let joined = false
  let everJoined = false
  // A member that joins waits for the slowest of the others, up to the rebalance timeout.
  const joinLimitMs = Math.max(settings.deadAfterMs, settings.rebalanceTimeoutMs + settings.requestTimeoutMs)
  const life = watchLife(() => (joined ? settings.deadAfterMs : joinLimitMs), clock)

  consumer.on(consumer.events.REQUEST, ({ payload }) => {
    if (PROOFS.has(payload.apiName)) life.seen()
  })
  consumer.on(consumer.events.REBALANCING, () => {
    joined = false
  })
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => {
    joined = true
    everJoined = true
    const partitions = Object.values(payload.memberAssignment).flat().length
    logger.info({ groupId: payload.groupId, partitions, ms: payload.duration }, 'bus.joined')
  })
  const crashed = new Promise<SessionEnd>((resolve) => {
    consumer.on(consumer.events.CRASH, ({ payload: { error } }) => {
      resolve({ reason: 'crashed', hopeless: !isRetriable(error), error })
    })
    run(consumer, delivery).catch((error: unknown) => resolve({ reason: 'crashed', hopeless: false, error }))
  })
  const silent = untilStuck(life, settings).then((): SessionEnd => ({ reason: 'silent', hopeless: true }))

  return {
    ended: Promise.race([crashed, silent]),
    isConnected: () => joined && life.silentForMs() < settings.heartbeatMs * 3 + settings.maxWaitMs,
    hasJoined: () => everJoined,
    close: async (limitMs) => {
      life.stop()
      await within('leaving the group', limitMs, consumer.disconnect(), clock).catch(() => {})
      client.cutAll()
    }
  }
}

/**
 * Silence means nothing while the broker is away, nor right after: the client needs a moment to notice that it is back. Only a
 * consumer that stays silent beside a broker that answers is stuck.
 */
async function untilStuck(life: LifeWatch, settings: KafkaSettings): Promise<void> {
  for (;;) {
    await life.untilSilent()
    if (await brokerAnswers(settings)) {
      await settings.clock.sleep(settings.deadAfterMs / 4)
      if (life.silentForMs() > settings.deadAfterMs) return
    }
    life.postpone()
  }
}

function consumerConfig(settings: KafkaSettings): Parameters<ReturnType<typeof kafkaClient>['kafka']['consumer']>[0] {
  return {
    groupId: workerGroup(settings.env),
    sessionTimeout: settings.sessionTimeoutMs,
    heartbeatInterval: settings.heartbeatMs,
    rebalanceTimeout: settings.rebalanceTimeoutMs,
    maxWaitTimeInMs: settings.maxWaitMs,
    maxBytesPerPartition: 65_536,
    metadataMaxAge: 60_000,
    allowAutoTopicCreation: false,
    // A crashed consumer is not patched up but replaced, by its owner.
    retry: { retries: RETRIES, maxRetryTime: 2_000, restartOnFailure: () => Promise.resolve(false) }
  }
}

async function run(consumer: Consumer, delivery: Delivery): Promise<void> {
  await consumer.connect()
  // From the beginning where the group has no offset: partitions added later hold hints before a consumer knows of them.
  await consumer.subscribe({ topic: chunkTopic(delivery.settings.env), fromBeginning: true })
  await consumer.run({
    autoCommit: false,
    eachBatchAutoResolve: false,
    partitionsConsumedConcurrently: delivery.settings.slots,
    eachBatch: (payload) => deliverBatch(payload, delivery)
  })
}

/** As the client judges a crash, so that a fault of ours (a refused group, say) is told from one of the line. */
function isRetriable(error: unknown): boolean {
  let cause = error
  while (cause instanceof Error) {
    if (cause.name === 'KafkaJSNumberOfRetriesExceeded' || Reflect.get(cause, 'retriable') === true) return true
    cause = cause.cause
  }
  return false
}
