import { MigrationError } from '@marc-migrations/domain'
import type {
  AuditStore,
  Claim,
  NodeStore,
  OperationStore,
  RecordSource,
  ReportBuildStore,
  ReportStore,
  SourceFile,
  SourceFileStore,
  Stores,
  Tally,
  TenantStore,
  Wake
} from '@marc-migrations/domain'
import { chunksOf } from '../model/state.ts'
import type { At, ModelState, Outcome } from '../model/state.ts'
import { stageHeaders } from '../model/twins/index.ts'
import type * as twins from '../model/twins/index.ts'
import type { History } from './history.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { VirtualTime } from './virtual-time.ts'

export type Twins = typeof twins

export type DatabaseCall = <T>(what: string, statement: (state: ModelState, at: At) => Outcome<T>) => Promise<T>

export interface DatabaseStoresDeps {
  readonly statements: Twins
  /** Sends a statement once. */
  readonly once: DatabaseCall
  /** Sends it a second time when nobody answered the first, as the store does where that is harmless. */
  readonly again: DatabaseCall
  readonly process: SimulatedProcess
  readonly wake: Wake
  readonly history: History
  readonly time: VirtualTime
  readonly sourceFiles: ReadonlyMap<string, SourceFile>
  readonly audit: AuditStore
  /** A count that commits is told where it does. */
  readonly onCounted: (claim: Claim) => void
  readonly storedRecords: RecordSource
}

/** The stores of `libs/store` with twins for statements; which of them may be sent twice is as it is there. */
export function databaseStores(deps: DatabaseStoresDeps): Stores {
  const { statements: sql, once, again, wake, sourceFiles, audit } = deps
  const see = seeing(deps)
  const arming = async <T>(done: Promise<T>): Promise<T> => {
    const result = await done
    await wake.signal('armed')
    return result
  }
  const rows =
    <T>(read: () => T) =>
    (state: ModelState): Outcome<T> => ({ state, answer: read() })

  return {
    operations: simulated<OperationStore>('operations', {
      start: (draft) => arming(once('operations.start', (s, at) => sql.startOperation(s, at, draft))),
      get: (tenant, id) => again('operations.get', (s, at) => sql.getOperation(s, at, tenant, id)),
      setTotal: (tenant, id, total) => again('operations.setTotal', (s, at) => sql.setTotal(s, at, tenant, id, total))
    }),
    control: {
      pause: (tenant, id) => once('control.pause', (s, at) => sql.pauseOperation(s, at, tenant, id)),
      resume: (tenant, id) => arming(once('control.resume', (s, at) => see.resumed(sql.resumeOperation(s, at, tenant, id)))),
      cancel: (tenant, id, reason) =>
        once('control.cancel', (s, at) =>
          see.raced('cancelled under a lease', s, id, sql.cancelOperation(s, at, tenant, id, reason))
        ),
      retryMapping: (tenant, id, chunkIds, headers) =>
        arming(
          once('control.retryMapping', (s, at) =>
            see.raced('retried under a lease', s, id, sql.retryMapping(s, at, tenant, id, chunkIds, headers))
          )
        ),
      startSaving: (tenant, id, chunkIds, options) =>
        arming(
          once('control.startSaving', (s, at) =>
            see.savingStarted(id, sql.startSaving(s, at, tenant, id, chunkIds, options))
          )
        ),
      releaseSaveLock: (tenant, entityType) =>
        once('control.releaseSaveLock', (s, at) => see.released(sql.forceReleaseSaveLock(s, at, tenant, entityType)))
    },
    armed: {
      visit: (round, everyMs, limit) =>
        once(`armed.visit.${round}`, (s, at) => sql.visitArmed(s, at, round, everyMs, limit)),
      revisit: (round, armed, inMs) => again('armed.revisit', (s, at) => sql.revisitArmed(s, at, round, armed, inMs)),
      disarm: (armed) => once('armed.disarm', (s, at) => sql.disarm(s, at, armed)),
      headers: (stage) => again('armed.headers', (s, at) => stageHeaders(s, at, { ...stage, armedForMs: 0 }))
    },
    freeze: {
      frozenHash: (tenant, id) => again('freeze.frozenHash', (s, at) => sql.frozenHash(s, at, tenant, id)),
      freeze: (tenant, id, snapshot) => again('freeze.freeze', (s, at) => sql.freezeRules(s, at, tenant, id, snapshot)),
      rules: (tenant, hash) => again('freeze.rules', (s, at) => sql.frozenRules(s, at, tenant, hash))
    },
    split: {
      claimRange: (tenant, id, owner, leaseMs) =>
        once('split.claimRange', (s, at) => see.rangeClaimed(sql.claimRange(s, at, tenant, id, owner, leaseMs))),
      commitPage: (tenant, range, page, leaseMs) =>
        once('split.commitPage', (s, at) => see.page(sql.commitPage(s, at, tenant, range, page, leaseMs))),
      divideRange: (tenant, range, cursor, parts) =>
        once('split.divideRange', (s, at) => sql.divideRange(s, at, tenant, range, cursor, parts)),
      releaseRange: (tenant, range) => again('split.releaseRange', (s, at) => sql.releaseRange(s, at, tenant, range))
    },
    publish: {
      demand: (armed, limit) => again('publish.demand', (s, at) => sql.demandOf(s, at, armed, limit)),
      reserve: (armed, demand) => once('publish.reserve', (s, at) => sql.reserveRoom(s, at, armed, demand)),
      mark: (armed, limit) => once('publish.mark', (s, at) => sql.markPublished(s, at, armed, limit))
    },
    chunks: {
      claim: (hint, worker, leaseMs) =>
        once('chunks.claim', (s, at) => see.claimed(sql.claimChunk(s, at, hint, worker, leaseMs))),
      renew: (claim, leaseMs) => again('chunks.renew', (s, at) => sql.renewLease(s, at, claim, leaseMs)),
      giveBack: (claim, reason) => again('chunks.giveBack', (s, at) => sql.giveBackChunk(s, at, claim, reason)),
      count: (claim, tally) => countChunk(claim, tally),
      waiting: (limit) => again('chunks.waiting', (s, at) => sql.waitingChunks(s, at, limit))
    },
    check: {
      finalise: (armed, leaseMs) => once('check.finalise', (s, at) => sql.finaliseStage(s, at, armed, leaseMs)),
      stop: (stage, ground, stopReason) => once('check.stop', (s, at) => sql.stopStage(s, at, stage, ground, stopReason))
    },
    sweep: {
      sweep: (armed, republishMs) =>
        once('sweep.sweep', (s, at) => see.swept(sql.sweepOperation(s, at, armed, republishMs))),
      takeTombstones: (limit) => once('sweep.takeTombstones', (s, at) => sql.takeTombstones(s, at, limit)),
      bury: (tombstone) => again('sweep.bury', (s, at) => sql.buryTombstone(s, at, tombstone))
    },
    nodes: simulated<NodeStore>('nodes', {
      register: (self, everyMs) => again('nodes.register', (s, at) => sql.registerNode(s, at, self, everyMs)),
      heartbeat: (id, busy, everyMs) => again('nodes.heartbeat', (s, at) => sql.heartbeat(s, at, id, busy, everyMs)),
      leave: (id) => again('nodes.leave', (s, at) => sql.leave(s, at, id))
    }),
    sourceFiles: simulated<SourceFileStore>('sourceFiles', {
      find: (tenant, name) =>
        again(
          'sourceFiles.find',
          rows(() => sourceFiles.get(`${tenant}/${name}`) ?? null)
        )
    }),
    // Nobody asks for a report here.
    reports: simulated<ReportStore>('reports', {}),
    reportBuilds: simulated<ReportBuildStore>('reportBuilds', { visit: () => Promise.resolve([]) }),
    tenants: simulated<TenantStore>('tenants', { require: () => Promise.resolve() }),
    storedRecords: deps.storedRecords,
    wake,
    audit,
    ping: () =>
      again(
        'ping',
        rows(() => {})
      ),
    close: () => Promise.resolve()
  }

  /** As in `libs/store`: where nobody answered, the second call tells which attempt stands. */
  async function countChunk(claim: Claim, tally: Tally): Promise<'counted' | 'fenced'> {
    const count = (): Promise<'counted' | 'before' | 'fenced'> =>
      once('chunks.count', (s, at) => see.counted(claim, sql.countOnce(s, at, claim, tally)))
    try {
      return (await count()) === 'counted' ? 'counted' : 'fenced'
    } catch (error) {
      if (!(error instanceof MigrationError) || error.code !== 'STORE_UNAVAILABLE') throw error
      const answer = await count()
      if (answer === 'before') deps.history.saw('count found counted before')
      return answer === 'fenced' ? 'fenced' : 'counted'
    }
  }
}

/** Each lets a result through, and notes what of it is rare. */
function seeing({ history, process, time, onCounted }: DatabaseStoresDeps) {
  const on = <T>(outcome: Outcome<T>, look: (answer: T) => void): Outcome<T> => {
    look(outcome.answer)
    return outcome
  }
  type Answer<K extends keyof Twins> = ReturnType<Extract<Twins[K], (...args: never) => unknown>>
  return {
    resumed: (outcome: Answer<'resumeOperation'>) =>
      on(outcome, (answer) => answer.outcome === 'done' && history.saw('paused and resumed')),
    raced: (
      event: 'cancelled under a lease' | 'retried under a lease',
      before: ModelState,
      id: string,
      outcome: Answer<'cancelOperation'>
    ) =>
      on(outcome, (answer) => {
        const leased = chunksOf(before, id).some(({ leaseUntil }) => leaseUntil !== null && leaseUntil > time.now)
        if (leased && answer.outcome === 'done') history.saw(event)
      }),
    savingStarted: (id: string, outcome: Answer<'startSaving'>) =>
      on(outcome, (answer) => {
        const owner = Object.values(outcome.state.saveLocks).find(({ operationId }) => operationId === id)
        if (answer.outcome === 'done' && owner === undefined) history.saw('saving waits for another')
      }),
    released: (outcome: Answer<'forceReleaseSaveLock'>) =>
      on(outcome, (owner) => owner !== null && history.saw('save lock taken away')),
    rangeClaimed: (outcome: Answer<'claimRange'>) =>
      on(outcome, (range) => range !== null && range.epoch > 1 && history.saw('split taken over')),
    page: (outcome: Answer<'commitPage'>) =>
      on(outcome, (answer) => answer.outcome === 'fenced' && history.saw('page fenced')),
    claimed: (outcome: Answer<'claimChunk'>) => on(outcome, (claim) => claim !== null && history.claimed(claim)),
    swept: (outcome: Answer<'sweepOperation'>) =>
      on(outcome, ({ expired, unclaimed }) => {
        if (expired > 0) history.saw('lease expired')
        if (unclaimed > 0) history.saw('hint published again')
      }),
    counted: (claim: Claim, outcome: Answer<'countOnce'>) =>
      on(outcome, (answer) => {
        if (answer === 'counted') onCounted(claim)
        if (answer === 'counted' && process.state === 'dead') history.saw('count of a dead process done')
        const claimedAt = outcome.state.steps[claim.stepId]?.startedAt ?? 0
        if (answer === 'fenced' && process.wokenAt >= claimedAt) history.saw('count of a woken process refused')
      })
  }
}

/** The verbs of one port that the code under simulation calls. One that comes to call another is to have it simulated. */
function simulated<Port extends object>(port: string, verbs: Partial<Port>): Port {
  return new Proxy(verbs, {
    get: (target, verb) => {
      if (verb in target) return target[verb as keyof Port]
      return () => {
        throw new Error(`${port}.${String(verb)} is not simulated`)
      }
    }
  }) as Port
}
