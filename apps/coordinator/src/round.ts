import { errorKind } from '@marc-migrations/domain'
import type { ArmedStage, ArmedStore, Clock, Logger, Round, Wake } from '@marc-migrations/domain'

/** Idle rounds back off to this; a NOTIFY ends the wait. */
const LONGEST_IDLE_MS = 5000
const STAGES_AT_ONCE = 16

/**
 * Visits the armed stages whose turn has come, for as long as the process lives.
 *
 * Each visit is a short claim on the round's own column, so any number of coordinators share the stages without a leader,
 * and one that dies in the middle leaves a stage that is due again after the interval.
 *
 * @returns a function that ends the round and waits for the visit under way
 */
export function startRound(options: {
  readonly round: Round
  readonly everyMs: number
  /** A wake cuts even the shortest wait; otherwise it only ends the longer ones of an idle round. */
  readonly wakesAtOnce: boolean
  readonly armed: ArmedStore
  readonly wake: Wake
  readonly visit: (stage: ArmedStage) => Promise<void>
  readonly clock: Clock
  readonly logger: Logger
}): () => Promise<void> {
  const { round, everyMs, clock } = options
  const stopped = new AbortController()
  let woken = new AbortController()
  const off = options.wake.on('room', () => woken.abort())

  const visitAll = async (): Promise<number> => {
    const stages = await options.armed.visit(round, everyMs, STAGES_AT_ONCE)
    await Promise.all(stages.map((stage) => options.visit(stage).catch((err: unknown) => report(stage, err))))
    return stages.length
  }
  const report = (stage: Partial<ArmedStage>, err: unknown): void => {
    const level = errorKind(err) === 'outage' ? 'warn' : 'error'
    options.logger[level]({ round, tenant: stage.tenant, operationId: stage.operationId, err }, 'round.failed')
  }
  const goRound = async (): Promise<void> => {
    let waitMs = everyMs
    while (!stopped.signal.aborted) {
      woken = new AbortController()
      const visited = await visitAll().catch((err: unknown) => {
        report({}, err)
        return 0
      })
      waitMs = visited > 0 || woken.signal.aborted ? everyMs : Math.min(waitMs * 2, Math.max(LONGEST_IDLE_MS, everyMs))
      const firmMs = options.wakesAtOnce ? 0 : everyMs
      await clock.sleep(firmMs, stopped.signal)
      await clock.sleep(waitMs - firmMs, AbortSignal.any([stopped.signal, woken.signal]))
    }
  }
  const going = goRound()

  return async () => {
    stopped.abort()
    off()
    await going
  }
}
