import { randomUUID } from 'node:crypto'
import { setTimeout as timer } from 'node:timers/promises'
import type { Clock, NewId, Random } from '@marc-migrations/domain'

/** The machine's own clock. A sleep does not keep the process alive once it is asked to stop: its signal ends it. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await timer(ms, undefined, signal === undefined ? {} : { signal })
    } catch (error) {
      if (signal?.aborted !== true) throw error
    }
  }
}

export const systemRandom: Random = () => Math.random()

export const newId: NewId = () => randomUUID()
