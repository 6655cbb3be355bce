import type { Message, Producer } from 'kafkajs'
import { Partitioners } from 'kafkajs'
import { kafkaClient, type KafkaClient } from './kafka-client.ts'
import { chunkTopic } from './kafka-names.ts'
import type { KafkaSettings } from './kafka-options.ts'

const BATCH = 200
const RETRIES = 8

export interface HintSender {
  /**
   * Sends after everything handed over before, in batches; resolves when the broker has it all.
   *
   * @param wanted asked before each batch: a caller that gave up has no more sent
   */
  send(messages: readonly Message[], wanted: () => boolean): Promise<void>
  /** Since when (monotonic ms) the batch now on its way has been on its way. */
  sendingSince(): number | undefined
  /** Waits for what is being sent, then says good-bye to the broker. */
  close(): Promise<void>
  /** Drops the connection as it is. */
  abandon(): void
}

interface OpenProducer {
  readonly client: KafkaClient
  readonly connected: Promise<Producer>
}

/** The one place that produces: many sends at once make the client trip over its own locks (kafkajs issue 1039). */
export function hintSender(settings: KafkaSettings): HintSender {
  const topic = chunkTopic(settings.env)
  let producer: OpenProducer | undefined
  let since: number | undefined
  let closed = false
  let tail: Promise<unknown> = Promise.resolve()

  function abandon(): void {
    producer?.client.cutAll()
    producer = undefined
  }

  async function sendBatch(messages: Message[]): Promise<void> {
    since = settings.clock.monotonic()
    try {
      producer ??= openProducer(settings)
      const connected = await producer.connected
      await connected.send({ topic, acks: -1, timeout: settings.requestTimeoutMs - 5_000, messages })
    } catch (error) {
      // What the client could not mend by its own retries it carries along; a new one starts without.
      abandon()
      throw error
    } finally {
      since = undefined
    }
  }

  async function sendAll(messages: readonly Message[], wanted: () => boolean): Promise<void> {
    for (let from = 0; from < messages.length && wanted() && !closed; from += BATCH) {
      await sendBatch(messages.slice(from, from + BATCH))
    }
  }

  return {
    send: (messages, wanted) => {
      const sent = tail.then(() => sendAll(messages, wanted))
      tail = sent.catch(() => {})
      return sent
    },
    sendingSince: () => since,
    close: async () => {
      closed = true
      await tail
      await producer?.connected.then((connected) => connected.disconnect()).catch(() => {})
      abandon()
    },
    abandon
  }
}

function openProducer(settings: KafkaSettings): OpenProducer {
  const client = kafkaClient(settings, RETRIES)
  const producer = client.kafka.producer({
    allowAutoTopicCreation: false,
    idempotent: false,
    createPartitioner: Partitioners.DefaultPartitioner,
    metadataMaxAge: 60_000
  })
  client.guard(producer)
  return { client, connected: producer.connect().then(() => producer) }
}
