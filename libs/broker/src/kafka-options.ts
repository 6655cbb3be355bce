import type { Clock, Logger } from '@marc-migrations/domain'

/** Times of the links to Kafka, in ms. Absent ones have the defaults of `kafkaDefaults`. */
export interface KafkaTimes {
  readonly connectionTimeoutMs: number
  readonly authenticationTimeoutMs: number
  /** An answer that takes longer costs the connection. */
  readonly requestTimeoutMs: number
  /** A silent consumer loses its partitions after this. */
  readonly sessionTimeoutMs: number
  readonly heartbeatMs: number
  readonly rebalanceTimeoutMs: number
  /** Longest wait of one fetch. */
  readonly maxWaitMs: number
  /** Longest a `publish` takes, whatever state the broker is in. */
  readonly publishLimitMs: number
  /** Longest one handler may take; after that its hint counts as `later`. */
  readonly handlerLimitMs: number
  /** A consumer without an answered fetch or heartbeat for this long is stuck. */
  readonly deadAfterMs: number
  /** How often a publisher looks whether topic and broker are still there. */
  readonly probeMs: number
}

export const kafkaDefaults: KafkaTimes = {
  connectionTimeoutMs: 3_000,
  authenticationTimeoutMs: 10_000,
  requestTimeoutMs: 15_000,
  sessionTimeoutMs: 30_000,
  heartbeatMs: 3_000,
  rebalanceTimeoutMs: 60_000,
  maxWaitMs: 1_000,
  publishLimitMs: 4_000,
  handlerLimitMs: 30_000,
  deadAfterMs: 45_000,
  probeMs: 10_000
}

/** How a process meets Kafka. */
export interface KafkaBusOptions extends Partial<KafkaTimes> {
  /** `host:port`, at least one. */
  readonly brokers: readonly string[]
  /** Name of the deployment; begins topic and group. */
  readonly env: string
  /** Name of this process in the broker's log. */
  readonly clientId: string
  /** A publisher creates the topic and connects at once; a subscriber connects when it subscribes. */
  readonly role: 'publisher' | 'subscriber' | 'both'
  /** Hints handled at a time, CHUNK_PROCESSING_MAX_PARALLELISM. */
  readonly slots: number
  /** The topic is created with so many partitions, or grown to them; never shrunk. */
  readonly topicPartitions: number
  /** Replicas of a topic that is created; the broker's own default when absent. */
  readonly replicationFactor?: number
  readonly logger: Logger
  readonly clock: Clock
  /**
   * The broker answers, but two consumers in a row could not work with it: the process should end and be started anew. A
   * broker that is away is no reason; it is looked for until it is back.
   */
  readonly onDead?: (reason: string) => void
}

/** The options with every time filled in. */
export type KafkaSettings = KafkaBusOptions & KafkaTimes

export function kafkaSettings(options: KafkaBusOptions): KafkaSettings {
  return { ...kafkaDefaults, ...options }
}
