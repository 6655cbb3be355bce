import type { ChunkWindow, EntityType, OperationStatus, Stage } from '@marc-migrations/domain'
import { emptyState, lockKey, withRow } from './state.ts'
import type { ArmedRow, ChunkRow, ModelState, NodeRow, OperationRow, RangeRow, StepRow } from './state.ts'
import { TENANTS } from './tables.ts'

/** A die: a number from 0 to `sides - 1`. What it showed shrinks towards 0 when a property fails. */
export type Die = (sides: number) => number

export function oneOf<const T>(die: Die, values: readonly T[]): T {
  const value = values[die(values.length)]
  if (value === undefined) throw new Error('nothing to choose from')
  return value
}

export const HASHES = ['a'.repeat(64), 'b'.repeat(64)] as const
export const WORKERS = ['w1', 'w2', 'w3'] as const
export const NO_ID = '00000000-0000-4000-8000-ffffffffffff'

/** Distances from now in ms: far enough from now and from each limit of the protocol that a slow run decides nothing. */
const PAST = [-90_000_000, -3_600_000, -600_000, -40_000, -21_000, -12_500, -8_000] as const
const FUTURE = [40_000, 600_000, 3_600_000] as const

const STATUSES: readonly OperationStatus[] = [
  'NEW',
  'DATA_MAPPING',
  'DATA_MAPPING',
  'DATA_MAPPING',
  'DATA_MAPPING_COMPLETED',
  'DATA_MAPPING_FAILED',
  'DATA_SAVING',
  'DATA_SAVING',
  'DATA_SAVING_COMPLETED',
  'DATA_SAVING_FAILED'
]
const STAGES: readonly Stage[] = ['DATA_MAPPING', 'DATA_SAVING']

/**
 * Any state at all, reachable or not, with the combinations in which verbs do something more often than others: the SQL and its
 * twin have to agree on all of them.
 */
export function randomState(die: Die, now: number, mostOperations = 4): ModelState {
  const ids = numbered()
  /** No two times are the same: what an order leaves open to ties is no matter of the twins. */
  const tick = counter()
  const past = () => now + oneOf(die, [...PAST]) + tick()
  const time = () => now + oneOf(die, [...PAST, ...FUTURE]) + tick()
  const maybe = <T>(outOfTen: number, value: () => T): T | null => (die(10) < outOfTen ? value() : null)

  let state = emptyState()
  const operations = Array.from({ length: 1 + die(mostOperations) }, () => anOperation())
  for (const operation of operations) {
    state = withRow(state, 'operations', operation.id, operation)
    const status = oneOf(die, ['NOT_STARTED', 'IN_PROGRESS', 'COMPLETED'])
    state = withRow(state, 'reports', operation.id, { status, startedAt: maybe(5, past), finishedAt: maybe(5, past) })
    const armed = maybe(8, () => anArmedRow(operation))
    if (armed !== null) state = withRow(state, 'armed', operation.id, armed)
    for (let i = die(5); i > 0; i--) addChunk(operation, i)
    for (let i = die(4); i > 0; i--) addRange(operation, i)
  }
  addControl()
  return state

  function anOperation(): OperationRow {
    const isMapped = die(8) < 7
    return {
      id: ids(),
      tenant: die(8) < 7 ? 'diku' : 'college',
      userId: NO_ID,
      entityType: oneOf(die, ['authority', 'authority', 'authority', 'instance']),
      operationType: oneOf(die, ['import', 'remapping']),
      status: oneOf(die, [...STATUSES]),
      control: oneOf(die, ['run', 'run', 'run', 'run', 'pause', 'cancel']),
      stopReason: maybe(2, () => 'cancelled'),
      totalRecords: oneOf(die, [0, 10, 20, 30]),
      mappedRecords: oneOf(die, [0, 10, 20]),
      rejectedRecords: oneOf(die, [0, 0, 10]),
      savedRecords: oneOf(die, [0, 10, 20]),
      driftRecords: oneOf(die, [0, 0, -3]),
      chunkingSealed: die(2) === 0,
      rulesHash: isMapped ? oneOf(die, [HASHES[0], HASHES[0], HASHES[1]]) : null,
      source: maybe(5, () => ({
        name: 'names.mrc',
        format: 'iso2709' as const,
        objectKey: 'source/1',
        etag: '"1"',
        lengthBytes: 1000
      })),
      publishEvents: oneOf(die, [true, false, null]),
      silentSince: maybe(3, past),
      createdAt: past(),
      startTimeMapping: maybe(7, past),
      endTimeMapping: maybe(5, past),
      startTimeSaving: maybe(5, past),
      endTimeSaving: maybe(3, past)
    }
  }

  function anArmedRow(operation: OperationRow): ArmedRow {
    const reserved = oneOf(die, [0, 0, 3])
    return {
      tenant: operation.tenant,
      operationId: operation.id,
      stage: oneOf(die, [...STAGES, stageOf(operation)]),
      armedAt: past(),
      nextSplitAt: time(),
      nextPublishAt: time(),
      nextCheckAt: time(),
      nextSweepAt: time(),
      outstanding: oneOf(die, [0, 2, 30]),
      due: oneOf(die, [0, 2, 30]),
      reserved,
      reservedAt: maybe(6, () => now + oneOf(die, [-3_000, -20_000]) + tick()),
      marks: die(3)
    }
  }

  function addChunk(operation: OperationRow, place: number): void {
    const id = ids()
    const stage = oneOf(die, [stageOf(operation), stageOf(operation), ...STAGES])
    const steps = STAGES.flatMap((of) => Array.from({ length: die(3) }, () => aStep(operation.id, id, of)))
    for (const step of steps) state = withRow(state, 'steps', step.id, step)
    const isLeased = die(2) === 0
    const mappedShare = oneOf(die, [0, 10])
    const chunk: ChunkRow = {
      id,
      operationId: operation.id,
      position: place,
      recordCount: oneOf(die, [10, 7]),
      window: aWindow(place),
      status: oneOf(die, [stage, stage, ...STATUSES]),
      stage,
      prior: maybe(5, () => oneOf(die, [...STATUSES])),
      nextAttemptAt: maybe(8, () => (die(10) < 8 ? past() : time())),
      publishedAt: maybe(6, past),
      publishSteps: die(4),
      leaseOwner: isLeased || die(20) === 0 ? oneOf(die, [...WORKERS, 'gone']) : null,
      leaseUntil: isLeased || die(20) === 0 ? time() : null,
      epoch: die(5),
      attempts: die(7),
      stepId: maybe(8, () => oneOf(die, [...steps.map((step) => step.id), ids()])),
      rulesHash: maybe(8, () => oneOf(die, [...HASHES, HASHES[0], HASHES[0]])),
      mappedShare,
      rejectedShare: oneOf(die, [0, 0, 3]),
      savedShare: oneOf(die, [0, 0, 10]),
      fileEpoch: maybe(5, () => die(5)),
      savedEpoch: maybe(3, () => die(5)),
      entities: mappedShare === 0 ? null : { key: `file/${place}`, lengthBytes: 1000, sha256: HASHES[1] },
      savingUnknown: die(2) === 0,
      retryReasonsKey: maybe(3, () => 'reasons/1')
    }
    state = withRow(state, 'chunks', id, chunk)
  }

  function aStep(operationId: string, chunkId: string, stage: Stage): StepRow {
    const status = oneOf(die, ['IN_PROGRESS', 'COMPLETED', 'FAILED'])
    const errors = oneOf(die, [0, 3])
    const keys = { rejectedKey: maybe(5, () => 'rejected/0'), reasonsKey: maybe(5, () => 'reasons/0') }
    return { id: ids(), operationId, chunkId, stage, status, errors, ...keys, startedAt: past(), endedAt: maybe(5, past) }
  }

  function aWindow(place: number): ChunkWindow {
    return oneOf<ChunkWindow>(die, [
      { kind: 'ids', startRecordId: NO_ID, endRecordId: NO_ID },
      { kind: 'bytes', offset: place * 1000, length: 1000, firstRecordIndex: place * 10 },
      { kind: 'object', objectKey: 'source/1/1', firstRecordIndex: place * 10 }
    ])
  }

  function addRange(operation: OperationRow, place: number): void {
    const nextPosition = place * 1000 + die(3)
    const range: RangeRow = {
      id: ids(),
      operationId: operation.id,
      from: maybe(5, () => 'a'),
      to: maybe(5, () => 'z'),
      cursor: maybe(5, () => 'm'),
      nextPosition,
      endPosition: place * 1000 + oneOf(die, [1000, 5_000_000_000]),
      epoch: die(3),
      leaseOwner: maybe(5, () => 'c1'),
      leaseUntil: maybe(5, time),
      done: die(2) === 0
    }
    state = withRow(state, 'ranges', range.id, range)
  }

  function addControl(): void {
    for (const tenant of TENANTS) {
      for (const entityType of ['authority', 'instance'] as const) maybe(7, () => addLock(tenant, entityType))
    }
    for (const id of WORKERS) maybe(7, () => addNode(id))
    const throttlePerMinute = oneOf(die, [null, null, 30, 600])
    state = {
      ...state,
      settings: { version: 1, paused: die(8) === 0, logLevel: null, throttlePerMinute },
      throttle: { tokens: oneOf(die, [0, 5]), filledAt: past() }
    }
    for (let i = die(3); i > 0; i--) {
      const [operationId = NO_ID] = Object.keys(state.operations)
      const tombstone = { id: ids(), tenant: 'diku', operationId, keys: [`key/${i}`, `key/${i}/b`], dueAt: time() }
      state = withRow(state, 'tombstones', tombstone.id, tombstone)
    }
    maybe(5, () => {
      state = withRow(state, 'rules', `diku/${HASHES[0]}`, { hash: HASHES[0], rules: '{}', params: '{}' })
    })
    const owner = operations.find(({ tenant }) => tenant === 'diku')
    if (owner !== undefined) {
      const key = { operationId: owner.id, createdAt: past() }
      maybe(5, () => (state = withRow(state, 'idempotencyKeys', 'diku/key', key)))
    }
  }

  function addLock(tenant: string, entityType: EntityType): void {
    const candidates = operations.filter((one) => one.tenant === tenant && one.entityType === entityType)
    const operationId = candidates.length === 0 || die(2) === 0 ? null : oneOf(die, candidates).id
    const takenAt = operationId === null ? null : past()
    const lock = { tenant, entityType, operationId, takenAt, notBefore: time() }
    state = withRow(state, 'saveLocks', lockKey(tenant, entityType), lock)
  }

  function addNode(id: string): void {
    const kind = oneOf(die, ['worker', 'worker', 'serve', 'coordinator'])
    const heartbeatMs = oneOf(die, [1000, 5000])
    const node: NodeRow = {
      id,
      kind,
      version: '1',
      host: 'here',
      pid: 1,
      slots: oneOf(die, [0, 4, 20]),
      busySlots: oneOf(die, [0, 4]),
      heartbeatMs,
      startedAt: past(),
      lastSeenAt: lastSeen(heartbeatMs),
      steadySince: past(),
      leftAt: maybe(2, past),
      crashedAt: maybe(2, past)
    }
    state = withRow(state, 'nodes', id, node)
  }

  /** About now, or on either side of the limits by which the end of a lease is judged. */
  function lastSeen(heartbeatMs: number): number {
    const leases = Object.values(state.chunks).flatMap(({ leaseUntil }) => leaseUntil ?? [])
    if (leases.length === 0 || die(3) === 0) return now + oneOf(die, [0, -12_500, -21_000, -40_000, -600_000]) + tick()
    return oneOf(die, leases) - oneOf(die, [2.5, 2, 1.75, 1.5, 1.25, 0.5]) * heartbeatMs
  }
}

export const stageOf = ({ status }: OperationRow): Stage =>
  status.startsWith('DATA_SAVING') ? 'DATA_SAVING' : 'DATA_MAPPING'

function numbered(): () => string {
  const next = counter()
  return () => `00000000-0000-4000-8000-${String(next()).padStart(12, '0')}`
}

function counter(): () => number {
  let n = 0
  return () => ++n
}
