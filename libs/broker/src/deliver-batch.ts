import type { HintAnswer, HintHandler } from '@marc-migrations/domain'
import type { EachBatchPayload, KafkaMessage } from 'kafkajs'
import type { DeliveryGate } from './delivery-gate.ts'
import { decodeHint } from './hint-message.ts'
import type { KafkaSettings } from './kafka-options.ts'
import { keepBeating } from './keep-beating.ts'
import { within } from './within.ts'

export interface Delivery {
  readonly settings: KafkaSettings
  readonly gate: DeliveryGate
  readonly handler: HintHandler
  /** Aborts when the close of the bus can wait no longer. */
  readonly signal: AbortSignal
}

/**
 * How long a hint in hand waits for a free slot before its partition is paused: long enough for most slots to come free, since a
 * paused partition is fetched again only up to `maxWaitMs` later; short enough not to matter.
 */
const HOLD_MS = 3_000
/** A hint answered `later` without a pause is offered again after this. */
const LATER_MS = 500
const LATER_TRIES = 3
const PARK_MS = 1_000
const LONG_PARK_MS = 3_600_000

/**
 * Offers the hints of one partition in turn. The offset moves right after each `ack`, and not past anything else: what is left
 * is fetched again, by us or by the member that has the partition next. Nothing thrown here but what the client threw.
 */
export async function deliverBatch(payload: EachBatchPayload, delivery: Delivery): Promise<void> {
  const { settings } = delivery
  const beating = keepBeating(() => payload.heartbeat(), settings.heartbeatMs, settings.clock)
  try {
    for (const message of payload.batch.messages) {
      if (!payload.isRunning() || payload.isStale()) return
      if (!(await offer(message, delivery, beating.lost))) {
        if (!beating.lost.aborted && !delivery.gate.isClosed()) park(payload, delivery)
        return
      }
      payload.resolveOffset(message.offset)
      await commit(payload, message, settings)
    }
  } finally {
    await beating.stop()
  }
}

/** @returns true when the hint is done with, false when it is to be fetched again */
async function offer(message: KafkaMessage, delivery: Delivery, lost: AbortSignal): Promise<boolean> {
  const { gate, settings } = delivery
  const decoded = decodeHint(message.value)
  if (typeof decoded === 'string') {
    // The row stays published and unclaimed: it is published again, for a worker that can read it, or found in the table.
    settings.logger.warn({ offset: message.offset }, `hint.${decoded}`)
    return true
  }
  for (let tries = 0; tries < LATER_TRIES && !lost.aborted && !gate.isClosed();) {
    if (!gate.isOpen()) {
      const leftMs = HOLD_MS - gate.shutForMs()
      if (leftMs <= 0) return false
      await gate.nextOpening(leftMs, lost)
      continue
    }
    const answer = await handle(() => delivery.handler(decoded.hint, { signal: delivery.signal }), delivery)
    if (answer === 'ack') return true
    tries++
    await gate.nextOpening(LATER_MS, lost)
  }
  return false
}

async function handle(run: () => Promise<HintAnswer>, { settings }: Delivery): Promise<HintAnswer> {
  try {
    return await within('a hint handler', settings.handlerLimitMs, run(), settings.clock)
  } catch (err) {
    settings.logger.error({ err }, 'hint.handler-failed')
    return 'later'
  }
}

/** A commit that fails costs a repetition, which the claim finds stale. */
async function commit(payload: EachBatchPayload, message: KafkaMessage, { logger }: KafkaSettings): Promise<void> {
  const { topic, partition } = payload.batch
  const offset = (BigInt(message.offset) + 1n).toString()
  try {
    await payload.commitOffsetsIfNecessary({ topics: [{ topic, partitions: [{ partition, offset }] }] })
  } catch (err) {
    logger.debug({ err, partition, offset }, 'hint.commit-failed')
  }
}

/** Fetches no more of this partition until slots are free. */
function park(payload: EachBatchPayload, { gate }: Delivery): void {
  const resume = payload.pause()
  void gate.nextOpening(gate.isOpen() ? PARK_MS : LONG_PARK_MS).then(resume)
}
