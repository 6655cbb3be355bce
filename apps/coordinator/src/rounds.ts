import type { ArmedStage, ChunkBus, Clock, ObjectStore, Round } from '@marc-migrations/domain'
import { buryObjects, finaliseOperation, publishChunks, sweepOperation } from '@marc-migrations/flow'
import { reportRound } from './report-round.ts'
import { startRound } from './round.ts'
import { splitRound } from './split-round.ts'
import type { SplitRoundDeps } from './split-round.ts'

/** The publisher looks at least this often; a count that frees room wakes it sooner. */
const PUBLISH_INTERVAL_MS = 500
const SPLIT_INTERVAL_MS = 1000
const REPORT_INTERVAL_MS = 1000
/** Between two publishes of one operation, however often it is woken. */
const PUBLISH_HOLD_MS = 25
/** With room and due chunks left, the publisher comes back at once. */
const PUBLISH_AGAIN_MS = 20

export interface RoundsDeps extends SplitRoundDeps {
  readonly bus: ChunkBus
  readonly objects: ObjectStore
  readonly clock: Clock
}

/** Freeze and split, publish, check, sweep, report: what any coordinator does for what stands in `armed_check`. */
export function startRounds(deps: RoundsDeps): { close(): Promise<void> } {
  const { stores, protocol, logger, clock } = deps
  const common = { wake: stores.wake, clock, logger }
  const splitting = splitRound(deps)
  const reporting = reportRound(deps)

  const publish = async (stage: ArmedStage): Promise<void> => {
    const { published, more } = await publishChunks(stage, { ...stores, bus: deps.bus, clock, logger })
    if (published > 0 && more) await stores.armed.revisit('publish', stage, PUBLISH_AGAIN_MS)
  }
  const check = async (stage: ArmedStage): Promise<void> => {
    await finaliseOperation(stage, { ...stores, logger }, protocol.leaseMs)
  }
  const sweep = async (stage: ArmedStage): Promise<void> => {
    await sweepOperation(stage, { ...stores, objects: deps.objects, logger }, protocol.republishMs)
  }

  const visits =
    (round: Round, holdMs: number) =>
    (limit: number): Promise<readonly ArmedStage[]> =>
      stores.armed.visit(round, holdMs, limit)
  const round = (name: Round, everyMs: number, visit: (stage: ArmedStage) => Promise<void>): (() => Promise<void>) => {
    // Below the interval, or every second look would come too early.
    const holdMs = 0.8 * everyMs
    return startRound({
      ...common,
      round: name,
      everyMs,
      wokenMs: holdMs,
      wakesOn: 'armed',
      take: visits(name, holdMs),
      visit
    })
  }
  const ends = [
    round('split', SPLIT_INTERVAL_MS, (stage) => splitting.visit(stage)),
    startRound({
      ...common,
      round: 'publish',
      everyMs: PUBLISH_INTERVAL_MS,
      wokenMs: PUBLISH_HOLD_MS,
      wakesOn: 'room',
      take: visits('publish', PUBLISH_HOLD_MS),
      visit: publish
    }),
    round('check', protocol.checkIntervalMs, check),
    round('sweep', protocol.sweepIntervalMs, sweep),
    startRound({
      ...common,
      ...reporting,
      round: 'report',
      everyMs: REPORT_INTERVAL_MS,
      wokenMs: REPORT_INTERVAL_MS,
      wakesOn: 'armed'
    }),
    startBurials(deps)
  ]
  return {
    close: async () => {
      await Promise.all([splitting.close(), reporting.close()])
      await Promise.all(ends.map((end) => end()))
    }
  }
}

/** Tombstones belong to no running stage; they are looked at with every sweep interval. */
function startBurials(deps: RoundsDeps): () => Promise<void> {
  const { stores, objects, logger, clock } = deps
  const stopped = new AbortController()
  const burying = (async () => {
    while (!stopped.signal.aborted) {
      await clock.sleep(deps.protocol.sweepIntervalMs, stopped.signal)
      if (stopped.signal.aborted) return
      const buried = await buryObjects({ ...stores, objects, logger }).catch((err: unknown) => {
        logger.warn({ err }, 'burial.failed')
        return 0
      })
      if (buried > 0) logger.info({ buried }, 'objects.buried')
    }
  })()
  return async () => {
    stopped.abort()
    await burying
  }
}
