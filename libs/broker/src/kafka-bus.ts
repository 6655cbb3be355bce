import { MigrationError, type BusHealth, type ChunkBus } from '@marc-migrations/domain'
import { hintPublisher, type HintPublisher } from './hint-publisher.ts'
import { hintSubscriber, type HintSubscriber } from './hint-subscriber.ts'
import { kafkaSettings, type KafkaBusOptions } from './kafka-options.ts'
import type { BrokerState } from './topic-keeper.ts'

const FIRST_LOOK_MS = 3_000

/**
 * The bus over Kafka. At least once, in no order; the offset of a hint moves right after its handler's `ack`.
 *
 * Resolves when the broker has answered or after 3 s, whichever comes first: a broker that is away is no error. It is looked
 * for in the background, and until it is back `health` says so and `publish` throws BROKER_UNAVAILABLE at once.
 */
export async function kafkaBus(options: KafkaBusOptions): Promise<ChunkBus> {
  const settings = kafkaSettings(options)
  const subscriber = hintSubscriber(settings)
  const publisher = settings.role === 'subscriber' ? undefined : hintPublisher(settings)
  if (publisher !== undefined) await Promise.race([publisher.firstLook, settings.clock.sleep(FIRST_LOOK_MS)])

  return {
    publish: async (hints) => {
      if (publisher === undefined) throw new MigrationError('BROKER_UNAVAILABLE', { role: settings.role })
      await publisher.publish(hints)
    },
    subscribe: (handler) => {
      subscriber.start(handler)
      return Promise.resolve()
    },
    pause: () => subscriber.gate.shut(),
    resume: () => subscriber.gate.open(),
    health: () => Promise.resolve(healthOf(publisher, subscriber)),
    close: async (deadlineMs) => {
      await Promise.all([subscriber.close(deadlineMs), publisher?.close(deadlineMs)])
    }
  }
}

function healthOf(publisher: HintPublisher | undefined, subscriber: HintSubscriber): BusHealth {
  const troubles: string[] = []
  const state = publisher?.state()
  if (state !== undefined && state.is !== 'there') troubles.push(`publisher: ${whyAway(state)}`)
  if (subscriber.isStarted() && !subscriber.isConnected()) troubles.push('subscriber: not in the group')
  if (publisher === undefined && !subscriber.isStarted()) troubles.push('subscriber: not started')
  return {
    adapter: 'kafka',
    connected: troubles.length === 0,
    ...(troubles.length === 0 ? {} : { detail: troubles.join('; ') })
  }
}

function whyAway(state: BrokerState): string {
  if (state.is !== 'away') return 'connecting'
  return state.why instanceof Error ? state.why.message : String(state.why)
}
