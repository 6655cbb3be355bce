import { MigrationError, type Hint } from '@marc-migrations/domain'
import { encodeHint } from './hint-message.ts'
import { hintSender } from './hint-sender.ts'
import type { KafkaSettings } from './kafka-options.ts'
import { keepTopic, type BrokerState } from './topic-keeper.ts'
import { within } from './within.ts'

export interface HintPublisher {
  /** @throws {MigrationError} BROKER_UNAVAILABLE within `publishLimitMs`, at once while the broker is known to be away */
  publish(hints: readonly Hint[]): Promise<void>
  state(): BrokerState
  firstLook: Promise<void>
  close(limitMs: number): Promise<void>
}

/** The producing side of the bus. */
export function hintPublisher(settings: KafkaSettings): HintPublisher {
  const { clock, publishLimitMs } = settings
  const keeper = keepTopic(settings)
  const sender = hintSender(settings)
  const closing = new AbortController()

  /** The breaker: no reason to wait for what cannot come. */
  function refuseWhereHopeless(): void {
    const state = keeper.state()
    if (state.is === 'away')
      throw new MigrationError('BROKER_UNAVAILABLE', { brokers: settings.brokers.join(',') }, state.why)
    const since = sender.sendingSince()
    if (since !== undefined && clock.monotonic() - since > publishLimitMs) {
      throw new MigrationError('BROKER_UNAVAILABLE', {
        brokers: settings.brokers.join(','),
        reason: 'no answer to the last send'
      })
    }
  }

  async function sendWhenKnown(hints: readonly Hint[], wanted: () => boolean): Promise<void> {
    const messages = hints.map(encodeHint)
    await keeper.firstLook
    refuseWhereHopeless()
    await sender.send(messages, wanted)
  }

  async function publish(hints: readonly Hint[]): Promise<void> {
    if (hints.length === 0) return
    if (closing.signal.aborted) throw new MigrationError('BROKER_UNAVAILABLE', { reason: 'the bus is closed' })
    refuseWhereHopeless()
    let wanted = true
    try {
      await within(
        'publishing',
        publishLimitMs,
        sendWhenKnown(hints, () => wanted),
        clock
      )
    } catch (error) {
      wanted = false
      if (error instanceof MigrationError) throw error
      keeper.lookNow()
      throw new MigrationError('BROKER_UNAVAILABLE', { brokers: settings.brokers.join(','), hints: hints.length }, error)
    }
  }

  return {
    publish,
    state: () => keeper.state(),
    firstLook: keeper.firstLook,
    close: async (limitMs) => {
      closing.abort()
      const closed = Promise.all([keeper.close(), sender.close()])
      await within('closing the publisher', limitMs, closed, clock).catch(() => sender.abandon())
    }
  }
}
