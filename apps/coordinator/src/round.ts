import { errorKind } from '@marc-migrations/domain'
import type { Clock, Logger, Wake, WakeTopic } from '@marc-migrations/domain'

/** Idle rounds back off to this; a wake ends the wait. */
const LONGEST_IDLE_MS = 5000
const VISITS_AT_ONCE = 16

/** What a round visits: an armed stage, or an armed report. */
interface Armed {
  readonly tenant: string
  readonly operationId: string
}

export interface RoundOptions<T extends Armed> {
  readonly round: string
  /** Between two looks at the list, while there is something on it. */
  readonly everyMs: number
  /** After a wake: the next look comes when what was visited is no longer held. */
  readonly wokenMs: number
  readonly wakesOn: WakeTopic
  readonly wake: Wake
  /** Takes what is due by a short claim, so that others leave it alone for a while. */
  readonly take: (limit: number) => Promise<readonly T[]>
  readonly visit: (armed: T) => Promise<void>
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * Visits the armed whose turn has come, for as long as the process lives.
 *
 * Each visit is a short claim on the round's own column, so any number of coordinators share them without a leader,
 * and one that dies in the middle leaves what is due again after the hold.
 *
 * @returns a function that ends the round and waits for the visit under way
 */
export function startRound<T extends Armed>(options: RoundOptions<T>): () => Promise<void> {
  const { round, everyMs, wokenMs, clock } = options
  let stopped = false
  let rest = new AbortController()
  const off = options.wake.on(options.wakesOn, () => rest.abort())

  const report = (err: unknown, armed?: T): void => {
    const level = errorKind(err) === 'outage' ? 'warn' : 'error'
    options.logger[level]({ round, tenant: armed?.tenant, operationId: armed?.operationId, err }, 'round.failed')
  }
  const visitAll = async (): Promise<number> => {
    const taken = await options.take(VISITS_AT_ONCE)
    await Promise.all(taken.map((armed) => options.visit(armed).catch((err: unknown) => report(err, armed))))
    return taken.length
  }
  const goRound = async (): Promise<void> => {
    let waitMs = everyMs
    while (!stopped) {
      rest = new AbortController()
      const visited = await visitAll().catch((err: unknown) => {
        report(err)
        return 0
      })
      const woken = rest.signal.aborted
      waitMs = visited > 0 || woken ? everyMs : Math.min(waitMs * 2, Math.max(LONGEST_IDLE_MS, everyMs))
      if (woken) rest = new AbortController()
      // Woken while visiting: what was visited is held a little longer, so come back when it is not.
      await clock.sleep(woken ? wokenMs : waitMs, rest.signal)
    }
  }
  const going = goRound()

  return async () => {
    stopped = true
    rest.abort()
    off()
    await going
  }
}
