import { randomUUID } from 'node:crypto'
import type { ChunkBus, Clock, Hint, Logger } from '@marc-migrations/domain'
import { kafkaBus, type KafkaBusOptions } from '@marc-migrations/broker'
import { systemClock } from '@marc-migrations/runtime'
import { silentLogger } from '../support/silent-logger.ts'

/** The shortest times a broker accepts. */
export const fastTimes = {
  sessionTimeoutMs: 6_000,
  heartbeatMs: 1_000,
  rebalanceTimeoutMs: 31_000,
  requestTimeoutMs: 6_500,
  probeMs: 500
}

export function anEnv(): string {
  return `test-${randomUUID()}`
}

/** A bus in short times; of one partition, so that what one test says of order in it can be said. */
export function aBus(brokers: readonly string[], change: Partial<KafkaBusOptions> = {}): Promise<ChunkBus> {
  return kafkaBus({
    brokers,
    env: anEnv(),
    clientId: 'test',
    role: 'both',
    slots: 4,
    topicPartitions: 1,
    logger: silentLogger,
    clock: systemClock,
    ...fastTimes,
    ...change
  })
}

export function aHint(change: Partial<Hint> = {}): Hint {
  return {
    v: 1,
    tenant: 'diku',
    operationId: randomUUID(),
    chunkId: randomUUID(),
    step: 'DATA_MAPPING',
    attempt: 0,
    ...change
  }
}

export function hints(count: number): Hint[] {
  const operationId = randomUUID()
  return Array.from({ length: count }, () => aHint({ operationId }))
}

/** Waits until it holds; rejects after the limit, with the number of milliseconds it took otherwise. */
export async function until(holds: () => boolean | Promise<boolean>, limitMs = 20_000): Promise<number> {
  const began = performance.now()
  while (!(await holds())) {
    if (performance.now() - began > limitMs) throw new Error(`it did not come to hold within ${limitMs} ms`)
    await systemClock.sleep(20)
  }
  return performance.now() - began
}

/** Keeps what is logged, by event. */
export function rememberingLogger(): { readonly logger: Logger; readonly events: string[] } {
  const events: string[] = []
  const note = (_fields: unknown, event: string): void => void events.push(event)
  const logger: Logger = { debug: () => {}, info: note, warn: note, error: note, child: () => logger }
  return { logger, events }
}

/** A clock that moves when it is told to. */
export function handClock(): Clock & { advance(ms: number): Promise<void> } {
  let now = 0
  const sleepers = new Set<{ due: number; wake: () => void }>()
  return {
    now: () => now,
    monotonic: () => now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        const sleeper = { due: now + ms, wake: resolve }
        sleepers.add(sleeper)
        signal?.addEventListener('abort', () => resolve(), { once: true })
        if (signal?.aborted === true) resolve()
      }),
    advance: async (ms) => {
      now += ms
      for (const sleeper of [...sleepers]) {
        if (sleeper.due > now) continue
        sleepers.delete(sleeper)
        sleeper.wake()
      }
      for (let turns = 0; turns < 10; turns++) await Promise.resolve()
    }
  }
}
