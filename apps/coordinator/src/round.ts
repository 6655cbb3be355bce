import { errorKind } from '@marc-migrations/domain'
import type { ArmedStage, ArmedStore, Clock, Logger, Round, Wake, WakeTopic } from '@marc-migrations/domain'

/** Idle rounds back off to this; a wake ends the wait. */
const LONGEST_IDLE_MS = 5000
const STAGES_AT_ONCE = 16

export interface RoundOptions {
  readonly round: Round
  /** Between two looks at the list, while there is something on it. */
  readonly everyMs: number
  /** How long a visited stage is left alone; below `everyMs`, or every second look would come too early. */
  readonly holdMs: number
  readonly wakesOn: WakeTopic
  readonly armed: ArmedStore
  readonly wake: Wake
  readonly visit: (stage: ArmedStage) => Promise<void>
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * Visits the armed stages whose turn has come, for as long as the process lives.
 *
 * Each visit is a short claim on the round's own column, so any number of coordinators share the stages without a leader,
 * and one that dies in the middle leaves a stage that is due again after the hold.
 *
 * @returns a function that ends the round and waits for the visit under way
 */
export function startRound(options: RoundOptions): () => Promise<void> {
  const { round, everyMs, holdMs, armed, clock } = options
  let stopped = false
  let rest = new AbortController()
  const off = options.wake.on(options.wakesOn, () => rest.abort())

  const report = (err: unknown, stage?: ArmedStage): void => {
    const level = errorKind(err) === 'outage' ? 'warn' : 'error'
    options.logger[level]({ round, tenant: stage?.tenant, operationId: stage?.operationId, err }, 'round.failed')
  }
  const visitAll = async (): Promise<number> => {
    const stages = await armed.visit(round, holdMs, STAGES_AT_ONCE)
    await Promise.all(stages.map((stage) => options.visit(stage).catch((err: unknown) => report(err, stage))))
    return stages.length
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
      // Woken while visiting: the stage is held a little longer, so come back when it is not.
      await clock.sleep(woken ? holdMs : waitMs, rest.signal)
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
