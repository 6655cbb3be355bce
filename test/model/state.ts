import type {
  ChunkView,
  ChunkWindow,
  ClusterSettings,
  Control,
  EntityType,
  FileSource,
  NewId,
  NodeSelf,
  Operation,
  OperationStatus,
  OperationType,
  Random,
  ReportStatus,
  RulesSnapshot,
  Stage,
  StageHeaders,
  StoredFile
} from '@marc-migrations/domain'

/** The tables of the chunk protocol as one value: plain data, never changed, times in ms. */
export interface ModelState {
  /** S3_SUB_PATH: names in tombstones begin with it. */
  readonly subPath: string
  readonly operations: Rows<OperationRow>
  readonly ranges: Rows<RangeRow>
  readonly chunks: Rows<ChunkRow>
  readonly steps: Rows<StepRow>
  /** By operation id; the columns of a report that the protocol resets. */
  readonly reports: Rows<ReportRow>
  /** By operation id. */
  readonly armed: Rows<ArmedRow>
  /** By operation id: the headers of the stage's request. */
  readonly secrets: Rows<StageHeaders>
  /** By tenant and entity type, `diku/authority`. */
  readonly saveLocks: Rows<SaveLockRow>
  readonly nodes: Rows<NodeRow>
  readonly settings: ClusterSettings
  readonly throttle: { readonly tokens: number; readonly filledAt: number }
  readonly tombstones: Rows<TombstoneRow>
  /** By tenant and hash. */
  readonly rules: Rows<RulesSnapshot>
  /** By tenant and key. */
  readonly idempotencyKeys: Rows<{ readonly operationId: string; readonly createdAt: number }>
}

export type Rows<T> = Readonly<Record<string, T>>

export interface OperationRow {
  readonly id: string
  readonly tenant: string
  readonly userId: string
  readonly entityType: EntityType
  readonly operationType: OperationType
  readonly status: OperationStatus
  readonly control: Control
  readonly stopReason: string | null
  readonly totalRecords: number
  readonly mappedRecords: number
  readonly rejectedRecords: number
  readonly savedRecords: number
  readonly driftRecords: number
  readonly chunkingSealed: boolean
  readonly rulesHash: string | null
  readonly source: FileSource | null
  readonly publishEvents: boolean | null
  readonly silentSince: number | null
  readonly createdAt: number
  readonly startTimeMapping: number | null
  readonly endTimeMapping: number | null
  readonly startTimeSaving: number | null
  readonly endTimeSaving: number | null
}

export interface RangeRow {
  readonly id: string
  readonly operationId: string
  readonly from: string | null
  readonly to: string | null
  readonly cursor: string | null
  readonly nextPosition: number
  readonly endPosition: number
  readonly epoch: number
  readonly leaseOwner: string | null
  readonly leaseUntil: number | null
  readonly done: boolean
}

export interface ChunkRow {
  readonly id: string
  readonly operationId: string
  readonly position: number
  readonly recordCount: number
  readonly window: ChunkWindow
  readonly status: OperationStatus
  readonly stage: Stage
  readonly prior: OperationStatus | null
  readonly nextAttemptAt: number | null
  readonly publishedAt: number | null
  readonly publishSteps: number
  readonly leaseOwner: string | null
  readonly leaseUntil: number | null
  readonly epoch: number
  readonly attempts: number
  readonly stepId: string | null
  readonly rulesHash: string | null
  readonly mappedShare: number
  readonly rejectedShare: number
  readonly savedShare: number
  readonly fileEpoch: number | null
  readonly savedEpoch: number | null
  readonly entities: StoredFile | null
  readonly savingUnknown: boolean
  readonly retryReasonsKey: string | null
}

export interface StepRow {
  readonly id: string
  readonly operationId: string
  readonly chunkId: string
  readonly stage: Stage
  readonly status: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED'
  readonly errors: number
  readonly rejectedKey: string | null
  readonly reasonsKey: string | null
  readonly startedAt: number | null
  readonly endedAt: number | null
}

export interface ReportRow {
  readonly status: ReportStatus
  readonly startedAt: number | null
  readonly finishedAt: number | null
}

export interface ArmedRow {
  readonly tenant: string
  readonly operationId: string
  readonly stage: Stage
  readonly armedAt: number
  readonly nextSplitAt: number
  readonly nextPublishAt: number
  readonly nextCheckAt: number
  readonly nextSweepAt: number
  readonly outstanding: number
  readonly due: number
  readonly reserved: number
  readonly reservedAt: number | null
  readonly marks: number
}

export interface SaveLockRow {
  readonly tenant: string
  readonly entityType: EntityType
  readonly operationId: string | null
  readonly takenAt: number | null
  readonly notBefore: number
}

export interface NodeRow extends NodeSelf {
  readonly busySlots: number
  readonly heartbeatMs: number
  readonly startedAt: number
  readonly lastSeenAt: number
  readonly steadySince: number
  readonly leftAt: number | null
  readonly crashedAt: number | null
}

export interface TombstoneRow {
  readonly id: string
  readonly tenant: string
  readonly operationId: string
  readonly keys: readonly string[]
  readonly dueAt: number
}

/** What a statement has from outside: the database's clock in ms, its dice, and its fresh ids. */
export interface At {
  readonly now: number
  readonly random: Random
  readonly newId: NewId
}

/** A twin's result: the tables after it, and what the port answers. */
export interface Outcome<T> {
  readonly state: ModelState
  readonly answer: T
}

export function emptyState(subPath = 'test'): ModelState {
  return {
    subPath,
    operations: {},
    ranges: {},
    chunks: {},
    steps: {},
    reports: {},
    armed: {},
    secrets: {},
    saveLocks: {},
    nodes: {},
    settings: { version: 1, paused: false, logLevel: null, throttlePerMinute: null },
    throttle: { tokens: 0, filledAt: 0 },
    tombstones: {},
    rules: {},
    idempotencyKeys: {}
  }
}

type TableOf<S> = { [K in keyof S]: S[K] extends Rows<infer R> ? (string extends keyof S[K] ? R : never) : never }
type Tables = TableOf<ModelState>
export type Table = { [K in keyof Tables]: Tables[K] extends never ? never : K }[keyof Tables]

/** The state with one row written. */
export function withRow<T extends Table>(state: ModelState, table: T, key: string, row: Tables[T]): ModelState {
  return { ...state, [table]: { ...state[table], [key]: row } }
}

/** The state with these rows written, their ids being their keys. */
export function withRows<T extends 'chunks' | 'steps' | 'ranges' | 'tombstones'>(
  state: ModelState,
  table: T,
  rows: readonly (Tables[T] & { readonly id: string })[]
): ModelState {
  if (rows.length === 0) return state
  return { ...state, [table]: { ...state[table], ...Object.fromEntries(rows.map((row) => [row.id, row])) } }
}

export function withoutRow(state: ModelState, table: Table, key: string): ModelState {
  if (state[table][key] === undefined) return state
  const { [key]: _, ...rest } = state[table]
  return { ...state, [table]: rest }
}

/** Of a tenant's own schema, as every statement on operations is. */
export function operationOf(state: ModelState, tenant: string, id: string): OperationRow | null {
  const row = state.operations[id]
  return row === undefined || row.tenant !== tenant ? null : row
}

/** By position. */
export function chunksOf(state: ModelState, operationId: string): readonly ChunkRow[] {
  const rows = Object.values(state.chunks).filter((chunk) => chunk.operationId === operationId)
  return rows.sort((a, b) => a.position - b.position || (a.id < b.id ? -1 : 1))
}

export function rangesOf(state: ModelState, operationId: string): readonly RangeRow[] {
  return Object.values(state.ranges).filter((range) => range.operationId === operationId)
}

/** The last step of one stage that a chunk has had. */
export function lastStep(state: ModelState, chunkId: string, stage: Stage): StepRow | null {
  let last: StepRow | null = null
  for (const step of Object.values(state.steps)) {
    if (step.chunkId !== chunkId || step.stage !== stage) continue
    if (last === null || (step.startedAt ?? Infinity) > (last.startedAt ?? Infinity)) last = step
  }
  return last
}

const toDate = (ms: number | null): Date | null => (ms === null ? null : new Date(ms))

/** The row as the ports show it. */
export function toOperation(state: ModelState, row: OperationRow): Operation {
  const { silentSince: _, ...seen } = row
  return {
    ...seen,
    waitingFor: waitingFor(state, row),
    createdAt: new Date(row.createdAt),
    startTimeMapping: toDate(row.startTimeMapping),
    endTimeMapping: toDate(row.endTimeMapping),
    startTimeSaving: toDate(row.startTimeSaving),
    endTimeSaving: toDate(row.endTimeSaving)
  }
}

function waitingFor(state: ModelState, { id, entityType, status, control }: OperationRow): string | null {
  if (status !== 'DATA_SAVING' || control !== 'run') return null
  const armed = state.armed[id]
  if (armed === undefined) return null
  const owner = state.saveLocks[lockKey(armed.tenant, entityType)]?.operationId ?? null
  return owner === id ? null : owner
}

export function toChunkView(state: ModelState, row: ChunkRow): ChunkView {
  const step = row.stepId === null ? undefined : state.steps[row.stepId]
  return {
    id: row.id,
    operationId: row.operationId,
    position: row.position,
    status: row.status,
    stage: row.stage,
    recordCount: row.recordCount,
    mappedRecords: row.mappedShare,
    rejectedRecords: row.rejectedShare,
    savedRecords: row.savedShare,
    epoch: row.epoch,
    attempts: row.attempts,
    open: row.nextAttemptAt !== null,
    leaseOwner: row.leaseOwner,
    rulesHash: row.rulesHash,
    window: row.window,
    entities: row.entities,
    rejectedKey: step?.rejectedKey ?? null,
    reasonsKey: step?.reasonsKey ?? null
  }
}

export const lockKey = (tenant: string, entityType: EntityType): string => `${tenant}/${entityType}`

export const isLeaseFree = ({ leaseUntil }: { readonly leaseUntil: number | null }, now: number): boolean =>
  leaseUntil === null || leaseUntil < now

/** In these three a stage runs, or waits to. */
export const isRunning = ({ status }: OperationRow): boolean =>
  status === 'NEW' || status === 'DATA_MAPPING' || status === 'DATA_SAVING'
