import type { Claim, Clock, Hint } from '@marc-migrations/domain'
import type { ProcessOutcome } from '@marc-migrations/flow'

const FIRST_WAIT_MS = 1000
const LONGEST_WAIT_MS = 10_000

/** Keeps a worker from claiming chunks of a saving whose storage module does not answer; all other work goes on. */
export interface SilenceGate {
  /** False while it waits; true once for each wait that is over, as a probe. */
  mayClaim(hint: Pick<Hint, 'operationId' | 'step'>): boolean
  /** How an attempt ended: `silent` closes the gate of its operation, anything else opens it. */
  note(claim: Pick<Claim, 'operationId' | 'stage'>, outcome: ProcessOutcome): void
}

/**
 * A breaker per saving operation: storage modules differ by tenant, and one that is away is no reason to stop mapping. A hint that is
 * refused here stays published; the table gives it again.
 */
export function silenceGate(clock: Clock): SilenceGate {
  const silent = new Map<string, { waitMs: number; until: number }>()
  return {
    mayClaim: ({ operationId, step }) => {
      const wait = step === 'DATA_SAVING' ? silent.get(operationId) : undefined
      if (wait === undefined) return true
      if (clock.monotonic() < wait.until) return false
      wait.until = clock.monotonic() + wait.waitMs
      return true
    },
    note: ({ operationId, stage }, outcome) => {
      if (stage !== 'DATA_SAVING') return
      if (outcome !== 'silent') {
        silent.delete(operationId)
        return
      }
      const waitMs = Math.min(LONGEST_WAIT_MS, 2 * (silent.get(operationId)?.waitMs ?? FIRST_WAIT_MS / 2))
      silent.set(operationId, { waitMs, until: clock.monotonic() + waitMs })
    }
  }
}
