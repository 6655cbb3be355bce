import type { Admin } from 'kafkajs'
import { ensureTopic } from './ensure-topic.ts'
import { kafkaClient, type KafkaClient } from './kafka-client.ts'
import { chunkTopic } from './kafka-names.ts'
import type { KafkaSettings } from './kafka-options.ts'
import { within } from './within.ts'

/** What a publisher knows of the broker: not asked yet, there with the topic, or away and why. */
export type BrokerState = { readonly is: 'unknown' | 'there' } | { readonly is: 'away'; readonly why: unknown }

export interface TopicKeeper {
  state(): BrokerState
  /** Resolves when the first look has an outcome. */
  readonly firstLook: Promise<void>
  /** Looks at once instead of at the next interval. */
  lookNow(): void
  close(): Promise<void>
}

const LOOK_LIMIT_MS = 5_000
const RETRY_MS = 500
const MAX_RETRY_MS = 5_000

/**
 * Sees to it that the topic is there, from now on until closed: made at the start, made again when somebody deleted it, grown
 * when the setting grew. Its looks also tell the publisher whether the broker can be reached, so that no round of publishing
 * waits for a broker that is away.
 */
export function keepTopic(settings: KafkaSettings): TopicKeeper {
  const { clock, logger } = settings
  const wish = {
    topic: chunkTopic(settings.env),
    partitions: settings.topicPartitions,
    ...(settings.replicationFactor === undefined ? {} : { replicationFactor: settings.replicationFactor })
  }
  const closing = new AbortController()
  let napping = new AbortController()
  let state: BrokerState = { is: 'unknown' }
  let admin: OpenAdmin | undefined
  let looked = () => {}
  const firstLook = new Promise<void>((resolve) => (looked = resolve))

  async function look(): Promise<void> {
    admin ??= openAdmin(settings)
    await ensureTopic(await admin.connected, wish, clock)
  }

  function giveUpAdmin(): void {
    admin?.client.cutAll()
    admin = undefined
  }

  function turn(next: BrokerState): void {
    if (next.is !== state.is && next.is === 'there') logger.info({ topic: wish.topic }, 'bus.connected')
    if (next.is !== state.is && next.is === 'away') logger.warn({ err: next.why }, 'bus.away')
    state = next
    looked()
  }

  /** @returns how long to wait until the next look, in ms */
  async function lookOnce(failures: number): Promise<{ failures: number; napMs: number }> {
    try {
      await within('a look at the topic', LOOK_LIMIT_MS, look(), clock)
      turn({ is: 'there' })
      return { failures: 0, napMs: settings.probeMs }
    } catch (error) {
      giveUpAdmin()
      if (!closing.signal.aborted) turn({ is: 'away', why: error })
      return { failures: failures + 1, napMs: Math.min(RETRY_MS * 2 ** failures, MAX_RETRY_MS) }
    }
  }

  async function keep(): Promise<void> {
    let last = { failures: 0, napMs: 0 }
    while (!closing.signal.aborted) {
      last = await lookOnce(last.failures)
      napping = new AbortController()
      await clock.sleep(last.napMs, AbortSignal.any([napping.signal, closing.signal]))
    }
  }
  const kept = keep()

  return {
    state: () => state,
    firstLook,
    lookNow: () => napping.abort(),
    close: async () => {
      closing.abort()
      looked()
      giveUpAdmin()
      await kept
    }
  }
}

interface OpenAdmin {
  readonly client: KafkaClient
  readonly connected: Promise<Admin>
}

function openAdmin(settings: KafkaSettings): OpenAdmin {
  const client = kafkaClient(settings, 1)
  const admin = client.kafka.admin()
  client.guard(admin)
  return { client, connected: admin.connect().then(() => admin) }
}
