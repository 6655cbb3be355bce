import type {
  ArmedStage,
  Claim,
  Hint,
  NewChunk,
  Round,
  SplitRange,
  Stage,
  StageRef,
  StopGround,
  Tally
} from '@marc-migrations/domain'
import { HASHES, NO_ID, oneOf, WORKERS } from './random-state.ts'
import type { Die } from './random-state.ts'
import { isRunning, toOperation } from './state.ts'
import type { ChunkRow, ModelState, OperationRow } from './state.ts'
import * as twins from './twins/index.ts'
import { verb } from './verb.ts'
import type { Verb } from './verb.ts'

const LEASE_MS = 60_000
const REPUBLISH_MS = 15_000
const STAGES: readonly Stage[] = ['DATA_MAPPING', 'DATA_SAVING']
const ROUNDS: readonly Round[] = ['split', 'publish', 'check', 'sweep']

/** Whatever stands in the tables, and now and then something that does not. */
function anOperation(die: Die, state: ModelState): OperationRow {
  const rows = Object.values(state.operations).filter(({ tenant }) => tenant === 'diku')
  const running = rows.filter((row) => row.control === 'run' && isRunning(row))
  const likely = running.length > 0 && die(2) > 0 ? running : rows
  const known = likely.length > 0 && die(20) > 0 ? oneOf(die, likely) : undefined
  return known ?? { ...(Object.values(state.operations)[0] as OperationRow), id: NO_ID, tenant: 'diku' }
}

function aChunk(die: Die, state: ModelState): ChunkRow | null {
  const rows = Object.values(state.chunks).filter(({ operationId }) => state.operations[operationId]?.tenant === 'diku')
  return rows.length === 0 ? null : oneOf(die, rows)
}

function aHint(die: Die, state: ModelState): Hint {
  const chunk = aChunk(die, state)
  const operationId = die(20) > 0 ? (chunk?.operationId ?? NO_ID) : anOperation(die, state).id
  return { v: 1, tenant: 'diku', operationId, chunkId: chunk?.id ?? NO_ID, step: oneOf(die, STAGES), attempt: die(3) }
}

/** Of an attempt that holds the chunk, most of the time. */
function aClaim(die: Die, state: ModelState): Claim {
  const chunk = aChunk(die, state)
  return {
    tenant: 'diku',
    operationId: chunk?.operationId ?? NO_ID,
    chunkId: chunk?.id ?? NO_ID,
    stepId: chunk?.stepId ?? NO_ID,
    stage: chunk?.stage ?? 'DATA_MAPPING',
    epoch: (chunk?.epoch ?? 1) + oneOf(die, [0, 0, 0, 0, 0, 0, -1, 1]),
    attempts: 0,
    position: chunk?.position ?? 0,
    recordCount: chunk?.recordCount ?? 10,
    window: { kind: 'bytes', offset: 0, length: 1000, firstRecordIndex: 0 },
    rulesHash: die(6) > 0 ? (chunk?.rulesHash ?? null) : oneOf(die, [...HASHES, null]),
    entityType: 'authority',
    operationType: 'import',
    source: null,
    saving: null
  }
}

function aTally(die: Die, claim: Claim): Tally {
  const stage = die(10) > 0 ? claim.stage : oneOf(die, STAGES)
  const bad = oneOf(die, [0, 0, 3])
  const good = oneOf(die, [0, 7, 10])
  const keys = { rejectedKey: bad === 0 ? null : 'rejected/1', reasonsKey: bad === 0 ? null : 'reasons/1' }
  if (stage === 'DATA_SAVING') {
    return { stage, saved: good, failed: bad, ...keys, outcomeUnknown: die(2) === 0, answered: die(2) === 0 }
  }
  const entities = good === 0 ? null : { key: 'entities/1', lengthBytes: 99, sha256: HASHES[0] }
  return { stage, mapped: good, rejected: bad, entities, ...keys }
}

function anArmedStage(die: Die, state: ModelState): ArmedStage {
  const { id: operationId } = anOperation(die, state)
  const stage = die(5) > 0 ? state.armed[operationId]?.stage : undefined
  return { tenant: 'diku', operationId, stage: stage ?? oneOf(die, STAGES), armedForMs: 0 }
}

function aRange(die: Die, state: ModelState): SplitRange {
  const rows = Object.values(state.ranges).filter(({ operationId }) => state.operations[operationId]?.tenant === 'diku')
  const row = rows.length === 0 ? null : oneOf(die, rows)
  return {
    id: row?.id ?? NO_ID,
    operationId: row?.operationId ?? NO_ID,
    from: row?.from ?? null,
    to: row?.to ?? null,
    cursor: row?.cursor ?? null,
    firstPosition: row?.nextPosition ?? 0,
    epoch: (row?.epoch ?? 0) + oneOf(die, [0, 0, 0, 0, -1, 1])
  }
}

function aStop(die: Die, state: ModelState): [StageRef, StopGround] {
  const kind = oneOf(die, ['chunk', 'range', 'headers'])
  if (kind === 'headers') return [anArmedStage(die, state), { headers: 'missing' }]
  const { operationId, ...range } = aRange(die, state)
  if (kind === 'range') return [{ tenant: 'diku', operationId, stage: 'DATA_MAPPING' }, { range }]
  const claim = aClaim(die, state)
  return [claim, { chunk: claim }]
}

function newChunks(die: Die): readonly NewChunk[] {
  return Array.from({ length: die(3) }, (_, i) => ({
    id: `00000000-0000-4000-9000-${String(die(1_000_000_000) * 10 + i).padStart(12, '0')}`,
    position: i,
    recordCount: 5,
    window: { kind: 'bytes', offset: i * 100, length: 100, firstRecordIndex: i * 5 }
  }))
}

function someIds(die: Die, state: ModelState, operationId: string): readonly string[] | null {
  const own = Object.values(state.chunks).filter((chunk) => die(8) === 0 || chunk.operationId === operationId)
  return die(2) === 0 ? null : own.map(({ id }) => id).filter(() => die(2) === 0)
}

const named = (die: Die, state: ModelState): [string, string] => ['diku', anOperation(die, state).id]

const WORK: readonly Verb[] = [
  verb(
    'claim',
    (die, state) => [aHint(die, state), oneOf(die, WORKERS), LEASE_MS],
    ({ chunks }, ...args) => chunks.claim(...args),
    twins.claimChunk
  ),
  verb(
    'waiting',
    () => [100],
    ({ chunks }, ...args) => chunks.waiting(...args),
    twins.waitingChunks
  ),
  verb(
    'renew',
    (die, state) => [aClaim(die, state), LEASE_MS],
    ({ chunks }, ...args) => chunks.renew(...args),
    twins.renewLease
  ),
  verb(
    'give back',
    (die, state) => [aClaim(die, state), oneOf(die, ['outage', 'silent', 'suspect', 'released'])],
    ({ chunks }, ...args) => chunks.giveBack(...args),
    twins.giveBackChunk
  ),
  verb(
    'count',
    (die, state) => {
      const claim = aClaim(die, state)
      return [claim, aTally(die, claim)]
    },
    ({ chunks }, ...args) => chunks.count(...args),
    twins.countChunk
  )
]

const PUBLISH: readonly Verb[] = [
  verb(
    'demand',
    (die, state) => [anArmedStage(die, state), oneOf(die, [200, 1])],
    ({ publish }, ...args) => publish.demand(...args),
    twins.demandOf
  ),
  verb(
    'reserve',
    (die, state) => [anArmedStage(die, state), { outstanding: 0, due: oneOf(die, [0, 2, 40]) }],
    ({ publish }, ...args) => publish.reserve(...args),
    twins.reserveRoom
  ),
  verb(
    'mark',
    (die, state) => [anArmedStage(die, state), oneOf(die, [200, 1])],
    ({ publish }, ...args) => publish.mark(...args),
    twins.markPublished
  ),
  verb(
    'sweep',
    (die, state) => [anArmedStage(die, state), REPUBLISH_MS],
    ({ sweep }, ...args) => sweep.sweep(...args),
    twins.sweepOperation
  ),
  verb(
    'take tombstones',
    (die) => [oneOf(die, [20, 1])],
    ({ sweep }, ...args) => sweep.takeTombstones(...args),
    twins.takeTombstones
  ),
  verb(
    'bury',
    (_, state) => [Object.values(state.tombstones)[0] ?? { id: NO_ID, keys: [] }],
    ({ sweep }, ...args) => sweep.bury(...args),
    twins.buryTombstone
  )
]

const SPLIT: readonly Verb[] = [
  verb(
    'claim range',
    (die, state) => [...named(die, state), 'c2', LEASE_MS],
    ({ split }, ...args) => split.claimRange(...args),
    twins.claimRange
  ),
  verb(
    'commit page',
    (die, state) => {
      const page = { chunks: newChunks(die), cursor: 'n', done: die(2) === 0 }
      return ['diku', aRange(die, state), page, LEASE_MS]
    },
    ({ split }, ...args) => split.commitPage(...args),
    twins.commitPage
  ),
  verb(
    'divide',
    (die, state) => {
      const parts = [
        { from: 'm', to: 'r' },
        { from: 'r', to: null }
      ]
      return ['diku', aRange(die, state), 'm', parts.slice(0, 2 - die(3))]
    },
    ({ split }, ...args) => split.divideRange(...args),
    twins.divideRange
  ),
  verb(
    'release range',
    (die, state) => ['diku', aRange(die, state)],
    ({ split }, ...args) => split.releaseRange(...args),
    twins.releaseRange
  )
]

const STAGE: readonly Verb[] = [
  verb(
    'finalise',
    (die, state) => [anArmedStage(die, state), LEASE_MS],
    ({ check }, ...args) => check.finalise(...args),
    twins.finaliseStage
  ),
  verb(
    'stop',
    (die, state) => [...aStop(die, state), 'SOURCE_CHANGED'],
    ({ check }, ...args) => check.stop(...args),
    twins.stopStage
  ),
  verb(
    'freeze',
    (die, state) => {
      const hash = oneOf(die, [...HASHES, null])
      return [...named(die, state), hash === null ? null : { hash, rules: '{}', params: '{}' }]
    },
    ({ freeze }, ...args) => freeze.freeze(...args),
    twins.freezeRules
  ),
  verb(
    'rules',
    (die) => ['diku', oneOf(die, HASHES)],
    ({ freeze }, ...args) => freeze.rules(...args),
    twins.frozenRules
  ),
  verb('frozen hash', named, ({ freeze }, ...args) => freeze.frozenHash(...args), twins.frozenHash),
  verb(
    'visit',
    (die) => [oneOf(die, ROUNDS), 1000, oneOf(die, [10, 1])],
    ({ armed }, ...args) => armed.visit(...args),
    twins.visitArmed
  ),
  verb(
    'revisit',
    (die, state) => [oneOf(die, ROUNDS), anArmedStage(die, state), 5000],
    ({ armed }, ...args) => armed.revisit(...args),
    twins.revisitArmed
  ),
  verb(
    'disarm',
    (die, state) => [anArmedStage(die, state)],
    ({ armed }, ...args) => armed.disarm(...args),
    twins.disarm
  )
]

const USER: readonly Verb[] = [
  verb(
    'start',
    (die, state) => {
      const same = toOperation(state, anOperation(die, state))
      const { entityType, operationType, source } = same
      const draft = { entityType, operationType, source, id: NO_ID, tenant: 'diku', userId: NO_ID, totalRecords: die(9) }
      return [die(2) === 0 ? draft : { ...draft, idempotencyKey: 'key' }]
    },
    ({ operations }, ...args) => operations.start(...args),
    twins.startOperation
  ),
  verb('get', named, ({ operations }, ...args) => operations.get(...args), twins.getOperation),
  verb(
    'set total',
    (die, state) => [...named(die, state), 77],
    ({ operations }, ...args) => operations.setTotal(...args),
    twins.setTotal
  ),
  verb('pause', named, ({ control }, ...args) => control.pause(...args), twins.pauseOperation),
  verb('resume', named, ({ control }, ...args) => control.resume(...args), twins.resumeOperation),
  verb(
    'cancel',
    (die, state) => [...named(die, state), 'cancelled'],
    ({ control }, ...args) => control.cancel(...args),
    twins.cancelOperation
  ),
  verb(
    'retry mapping',
    (die, state) => {
      const { id } = anOperation(die, state)
      return ['diku', id, someIds(die, state, id)]
    },
    ({ control }, ...args) => control.retryMapping(...args),
    twins.retryMapping
  ),
  verb(
    'start saving',
    (die, state) => {
      const { id } = anOperation(die, state)
      const said = oneOf(die, [{}, { publishEvents: true }, { publishEvents: false }, { publishEvents: null }])
      return ['diku', id, someIds(die, state, id), { allowRejected: die(2) === 0, ...said }]
    },
    ({ control }, ...args) => control.startSaving(...args),
    twins.startSaving
  ),
  verb(
    'release save lock',
    (die) => ['diku', oneOf(die, ['authority', 'instance'])],
    ({ control }, ...args) => control.releaseSaveLock(...args),
    twins.forceReleaseSaveLock
  )
]

const NODES: readonly Verb[] = [
  verb(
    'register node',
    (die) => {
      const self = { id: oneOf(die, ['w8', 'w9']), kind: 'worker', version: '2', host: 'there', pid: 2, slots: 3 } as const
      return [self, 4000]
    },
    ({ nodes }, ...args) => nodes.register(...args),
    twins.registerNode
  ),
  verb(
    'heartbeat',
    // A node that the store has registered itself is put back into the list; those in the tables it does not know.
    (die, state) => [oneOf(die, [...Object.keys(state.nodes), 'stranger']), 2, oneOf(die, [1000, 5000])],
    ({ nodes }, ...args) => nodes.heartbeat(...args),
    twins.heartbeat
  ),
  verb(
    'leave',
    (die) => [oneOf(die, WORKERS)],
    ({ nodes }, ...args) => nodes.leave(...args),
    twins.leave
  ),
  verb(
    'list nodes',
    () => [30_000],
    ({ nodes }, ...args) => nodes.nodes(...args),
    twins.liveNodes
  ),
  verb(
    'change settings',
    (die) => [oneOf(die, [{ paused: true }, { throttlePerMinute: 5 }, { logLevel: 'debug' }])],
    ({ nodes }, ...args) => nodes.changeSettings(...args),
    twins.changeSettings
  )
]

export const VERBS: readonly Verb[] = [...WORK, ...PUBLISH, ...SPLIT, ...STAGE, ...USER, ...NODES]

/** What only looks has its say in the equivalence, not in the interleavings. */
export const CHANGING: readonly Verb[] = [...WORK, ...PUBLISH, ...SPLIT, ...STAGE, ...USER].filter(
  ({ name }) => !['waiting', 'rules', 'frozen hash', 'get', 'take tombstones', 'bury', 'visit', 'revisit'].includes(name)
)
