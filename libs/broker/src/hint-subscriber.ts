import type { HintHandler } from '@marc-migrations/domain'
import { consumerSession, type ConsumerSession, type SessionEnd } from './consumer-session.ts'
import { deliveryGate, type DeliveryGate } from './delivery-gate.ts'
import { brokerAnswers } from './broker-answers.ts'
import type { KafkaSettings } from './kafka-options.ts'

export interface HintSubscriber {
  readonly gate: DeliveryGate
  /** Delivers from now on; a second call is an error of the program. */
  start(handler: HintHandler): void
  isStarted(): boolean
  isConnected(): boolean
  close(limitMs: number): Promise<void>
}

const RETRY_MS = 500
const MAX_RETRY_MS = 5_000
/** A session that lasted this long was a good one. */
const GOOD_SESSION_MS = 30_000
const CLOSE_LIMIT_MS = 5_000

/** The consuming side of the bus: one consumer session after another, for as long as the process wants hints. */
export function hintSubscriber(settings: KafkaSettings): HintSubscriber {
  const { clock, logger } = settings
  const gate = deliveryGate(clock)
  const closing = new AbortController()
  const outOfTime = new AbortController()
  let session: ConsumerSession | undefined
  let running: Promise<void> | undefined
  let hopelessInRow = 0
  let lastTold = ''

  async function consume(handler: HintHandler): Promise<void> {
    for (let failures = 0; !closing.signal.aborted;) {
      const began = clock.monotonic()
      session = consumerSession({ settings, gate, handler, signal: outOfTime.signal })
      const end = await Promise.race([session.ended, aborted(closing.signal)])
      if (end === undefined) return
      await settle(session, end)
      failures = clock.monotonic() - began > GOOD_SESSION_MS ? 1 : failures + 1
      await clock.sleep(Math.min(RETRY_MS * 2 ** (failures - 1), MAX_RETRY_MS), closing.signal)
    }
  }

  /**
   * A new consumer mends most; a process that ends would take its chunks with it. So the process is called dead only when a
   * consumer made anew did not get into the group either, though the broker answers.
   */
  async function settle(ended: ConsumerSession, end: SessionEnd): Promise<void> {
    tell(ended, end)
    await ended.close(CLOSE_LIMIT_MS)
    if (ended.hasJoined()) hopelessInRow = 0
    if (!end.hopeless || closing.signal.aborted || !(await brokerAnswers(settings))) return
    hopelessInRow++
    if (hopelessInRow !== 2) return
    logger.error({ reason: end.reason }, 'bus.dead')
    settings.onDead?.(end.reason)
  }

  /** A topic not made yet and a broker still loading are no more than that; and each is told once, not at each try. */
  function tell(ended: ConsumerSession, { reason, error }: SessionEnd): void {
    const text = error instanceof Error ? error.message : reason
    if (ended.hasJoined()) logger.warn({ reason, err: error }, 'bus.consumer-ended')
    else if (text !== lastTold) logger.info({ reason, text }, 'bus.not-joined')
    lastTold = text
  }

  return {
    gate,
    start: (handler) => {
      if (running !== undefined) throw new Error('the bus has a subscriber already')
      running = consume(handler)
    },
    isStarted: () => running !== undefined,
    isConnected: () => session?.isConnected() ?? false,
    close: async (limitMs) => {
      closing.abort()
      gate.close()
      await session?.close(limitMs)
      outOfTime.abort()
    }
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }))
}
