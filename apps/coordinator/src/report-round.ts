import type { ArmedReport, Clock, Logger, ObjectStore, Stores } from '@marc-migrations/domain'
import { buildReport } from '@marc-migrations/flow'

/** Reports one coordinator builds at a time; others are taken by other coordinators, or wait their turn. */
const REPORTS_AT_ONCE = 2
/** How long a report is its builder's without a word from him. */
const HOLD_MS = 30_000

export interface ReportRoundDeps {
  readonly stores: Stores
  readonly objects: ObjectStore
  readonly clock: Clock
  readonly logger: Logger
}

export interface ReportRound {
  take(): Promise<readonly ArmedReport[]>
  visit(report: ArmedReport): Promise<void>
  close(): Promise<void>
}

/** Builds error reports. One may take minutes: it goes on beside the round, which takes no more than it can build. */
export function reportRound({ stores, objects, clock, logger }: ReportRoundDeps): ReportRound {
  const { reportBuilds } = stores
  const stopping = new AbortController()
  const running = new Set<Promise<void>>()

  return {
    take: async () => {
      const free = REPORTS_AT_ONCE - running.size
      return free > 0 ? await reportBuilds.visit(HOLD_MS, free) : []
    },
    visit: (report) => {
      const build = buildReport(report, { reportBuilds, objects, clock, logger }, HOLD_MS, stopping.signal)
        .catch(async (err: unknown) => {
          if (stopping.signal.aborted) return await reportBuilds.hold(report, 0).catch(() => {})
          logger.warn({ ...report, err }, 'report.interrupted')
        })
        .finally(() => running.delete(build))
      running.add(build)
      return Promise.resolve()
    },
    close: async () => {
      stopping.abort()
      await Promise.all(running)
    }
  }
}
