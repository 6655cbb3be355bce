import type { ChunkWindow, EntityType, FileSource, StoredFile } from '@marc-migrations/domain'
import pg from 'pg'
import type { TestDatabase } from '../support/postgres.ts'
import { emptyState, lockKey } from './state.ts'
import type { ModelState } from './state.ts'

/** Tenants of the template database whose schemas the model's operations stand in. */
export const TENANTS = ['diku', 'college'] as const

const CONTROL = 'marc_migrations_control'
const schemaOf = (tenant: string): string => `${tenant}_mod_marc_migrations`

type Json = string | number | boolean | null | readonly string[]
type Row = Readonly<Record<string, Json>>

/** How one table stands in the database and in the model. A column named here holds a time; UTC where it has no zone. */
interface Table {
  readonly name: string
  readonly times: readonly string[]
  /** Columns that no verb of the model reads or writes. */
  readonly unmodelled?: readonly string[]
  readonly rows: (state: ModelState, tenant: string) => readonly Row[]
  readonly read: (rows: readonly Row[], state: ModelState, tenant: string) => ModelState
}

const byId = <T extends { readonly id: string }>(rows: readonly T[]): Readonly<Record<string, T>> =>
  Object.fromEntries(rows.map((row) => [row.id, row]))

const isOf = (state: ModelState, tenant: string) => (row: { readonly operationId: string }) =>
  state.operations[row.operationId]?.tenant === tenant

/** Columns and fields that carry the same value under two spellings. */
const columns = <F extends string>(fields: Readonly<Record<F, string>>) => ({
  toRow: (value: Readonly<Record<F, Json>>): Row =>
    Object.fromEntries(Object.entries<string>(fields).map(([field, column]) => [column, value[field as F]])),
  toFields: (row: Row): Record<F, never> =>
    Object.fromEntries(Object.entries<string>(fields).map(([field, column]) => [field, row[column]])) as Record<F, never>
})

const OPERATION = columns({
  id: 'id',
  userId: 'user_id',
  status: 'status',
  control: 'control',
  stopReason: 'stop_reason',
  totalRecords: 'total_num_of_records',
  mappedRecords: 'mapped_num_of_records',
  rejectedRecords: 'rejected_num_of_records',
  savedRecords: 'saved_num_of_records',
  driftRecords: 'drift_num_of_records',
  chunkingSealed: 'chunking_sealed',
  rulesHash: 'rules_hash',
  publishEvents: 'publish_events',
  silentSince: 'silent_since',
  createdAt: 'created_at',
  startTimeMapping: 'start_time_mapping',
  endTimeMapping: 'end_time_mapping',
  startTimeSaving: 'start_time_saving',
  endTimeSaving: 'end_time_saving'
})

const CHUNK = columns({
  id: 'id',
  operationId: 'operation_id',
  position: 'position',
  recordCount: 'num_of_records',
  status: 'status',
  stage: 'stage',
  prior: 'prior',
  nextAttemptAt: 'next_attempt_at',
  publishedAt: 'published_at',
  publishSteps: 'publish_steps',
  leaseOwner: 'lease_owner',
  leaseUntil: 'lease_until',
  epoch: 'epoch',
  attempts: 'attempts',
  stepId: 'step_id',
  rulesHash: 'rules_hash',
  mappedShare: 'mapped_share',
  rejectedShare: 'rejected_share',
  savedShare: 'saved_share',
  fileEpoch: 'file_epoch',
  savedEpoch: 'saved_epoch',
  savingUnknown: 'saving_unknown',
  retryReasonsKey: 'retry_reasons_name'
})

const STEP = columns({
  id: 'id',
  operationId: 'operation_id',
  chunkId: 'operation_chunk_id',
  stage: 'operation_step',
  status: 'status',
  errors: 'num_of_errors',
  rejectedKey: 'entity_error_chunk_file_name',
  reasonsKey: 'error_chunk_file_name',
  startedAt: 'step_start_time',
  endedAt: 'step_end_time'
})

const RANGE = columns({
  id: 'id',
  operationId: 'operation_id',
  from: 'from_key',
  to: 'to_key',
  cursor: 'cursor',
  nextPosition: 'next_position',
  endPosition: 'end_position',
  epoch: 'epoch',
  leaseOwner: 'lease_owner',
  leaseUntil: 'lease_until',
  done: 'done'
})

const ARMED = columns({
  tenant: 'tenant',
  operationId: 'operation_id',
  stage: 'stage',
  armedAt: 'armed_at',
  nextSplitAt: 'next_split_at',
  nextPublishAt: 'next_publish_at',
  nextCheckAt: 'next_check_at',
  nextSweepAt: 'next_sweep_at',
  outstanding: 'outstanding',
  due: 'due',
  reserved: 'reserved',
  reservedAt: 'reserved_at',
  marks: 'marks'
})

const LOCK = columns({
  tenant: 'tenant',
  operationId: 'operation_id',
  takenAt: 'taken_at',
  notBefore: 'not_before'
})

const NODE = columns({
  id: 'id',
  kind: 'kind',
  version: 'version',
  host: 'host',
  pid: 'pid',
  slots: 'slots',
  busySlots: 'busy_slots',
  heartbeatMs: 'heartbeat_ms',
  startedAt: 'started_at',
  lastSeenAt: 'last_seen_at',
  steadySince: 'steady_since',
  leftAt: 'left_at',
  crashedAt: 'crashed_at'
})

const TOMBSTONE = columns({
  id: 'id',
  tenant: 'tenant',
  operationId: 'operation_id',
  keys: 'keys',
  dueAt: 'due_at'
})

const SETTINGS = columns({
  version: 'version',
  paused: 'paused',
  logLevel: 'log_level',
  throttlePerMinute: 'throttle_per_minute'
})
const THROTTLE = columns({ tokens: 'tokens', filledAt: 'filled_at' })

const RULES = columns({ hash: 'hash', rules: 'rules', params: 'params' })

const OPERATION_TIMES = ['silent_since', 'created_at', 'start_time_mapping', 'end_time_mapping', 'start_time_saving']

/** In the order of their foreign keys. */
const OF_TENANT: readonly Table[] = [
  {
    name: 'operation',
    times: [...OPERATION_TIMES, 'end_time_saving'],
    unmodelled: ['source_lsn'],
    rows: (state, tenant) =>
      Object.values(state.operations)
        .filter((row) => row.tenant === tenant)
        .map((row) => ({
          ...OPERATION.toRow(row),
          entity_type: row.entityType.toUpperCase(),
          operation_type: row.operationType.toUpperCase(),
          source_name: row.source?.name ?? null,
          source_format: row.source?.format ?? null,
          source_object_key: row.source?.objectKey ?? null,
          source_etag: row.source?.etag ?? null,
          source_length: row.source?.lengthBytes ?? null
        })),
    read: (rows, state, tenant) => {
      const operations = rows.map((row) => ({
        ...OPERATION.toFields(row),
        tenant,
        entityType: String(row['entity_type']).toLowerCase() as EntityType,
        operationType: String(row['operation_type']).toLowerCase() as never,
        source: toSource(row)
      }))
      return { ...state, operations: { ...state.operations, ...byId(operations) } }
    }
  },
  {
    name: 'operation_chunk',
    times: ['next_attempt_at', 'published_at', 'lease_until'],
    unmodelled: ['marc_chunk_file_name'],
    rows: (state, tenant) =>
      Object.values(state.chunks)
        .filter(isOf(state, tenant))
        .map((row) => ({
          ...CHUNK.toRow(row),
          ...windowRow(row.window),
          entity_chunk_file_name: row.entities?.key ?? null,
          entity_length: row.entities?.lengthBytes ?? null,
          entity_sha256: row.entities?.sha256 ?? null
        })),
    read: (rows, state) => {
      const chunks = rows.map((row) => ({ ...CHUNK.toFields(row), window: toWindow(row), entities: toEntities(row) }))
      return { ...state, chunks: { ...state.chunks, ...byId(chunks) } }
    }
  },
  {
    name: 'operation_chunk_step',
    times: ['step_start_time', 'step_end_time'],
    rows: (state, tenant) => Object.values(state.steps).filter(isOf(state, tenant)).map(STEP.toRow),
    read: (rows, state) => ({ ...state, steps: { ...state.steps, ...byId(rows.map(STEP.toFields)) } })
  },
  {
    name: 'split_range',
    times: ['lease_until'],
    rows: (state, tenant) => Object.values(state.ranges).filter(isOf(state, tenant)).map(RANGE.toRow),
    read: (rows, state) => ({ ...state, ranges: { ...state.ranges, ...byId(rows.map(RANGE.toFields)) } })
  },
  {
    name: 'operation_error_report',
    times: ['started_at', 'finished_at'],
    unmodelled: ['build'],
    rows: (state, tenant) =>
      Object.entries(state.reports)
        .filter(([id]) => state.operations[id]?.tenant === tenant)
        .map(([id, { status, startedAt, finishedAt }]) => ({
          id,
          operation_id: id,
          status,
          started_at: startedAt,
          finished_at: finishedAt
        })),
    read: (rows, state) => {
      const reports = rows.map((row) => [
        row['operation_id'],
        { status: row['status'], startedAt: row['started_at'], finishedAt: row['finished_at'] }
      ])
      return { ...state, reports: { ...state.reports, ...(Object.fromEntries(reports) as ModelState['reports']) } }
    }
  },
  {
    name: 'rules_snapshot',
    times: ['created_at'],
    unmodelled: ['created_at'],
    rows: (state, tenant) =>
      Object.entries(state.rules)
        .filter(([key]) => key.startsWith(`${tenant}/`))
        .map(([, snapshot]) => RULES.toRow(snapshot)),
    read: (rows, state, tenant) => {
      const kept = rows.map((row) => [`${tenant}/${String(row['hash'])}`, RULES.toFields(row)] as const)
      return { ...state, rules: { ...state.rules, ...Object.fromEntries(kept) } }
    }
  },
  {
    name: 'idempotency_key',
    times: ['created_at'],
    rows: (state, tenant) =>
      Object.entries(state.idempotencyKeys)
        .filter(([key]) => key.startsWith(`${tenant}/`))
        .map(([key, { operationId, createdAt }]) => ({
          key: key.slice(tenant.length + 1),
          operation_id: operationId,
          created_at: createdAt
        })),
    read: (rows, state, tenant) => {
      const keys = rows.map((row) => [
        `${tenant}/${String(row['key'])}`,
        { operationId: row['operation_id'], createdAt: row['created_at'] }
      ])
      const read = Object.fromEntries(keys) as ModelState['idempotencyKeys']
      return { ...state, idempotencyKeys: { ...state.idempotencyKeys, ...read } }
    }
  }
]

const OF_CONTROL: readonly Table[] = [
  {
    name: 'armed_check',
    times: [
      'armed_at',
      'next_split_at',
      'next_publish_at',
      'next_check_at',
      'next_sweep_at',
      'next_report_at',
      'reserved_at'
    ],
    unmodelled: ['next_report_at'],
    rows: (state) => Object.values(state.armed).map(ARMED.toRow),
    read: (rows, state) => ({
      ...state,
      armed: Object.fromEntries(rows.map((row) => [String(row['operation_id']), ARMED.toFields(row)]))
    })
  },
  {
    name: 'save_lock',
    times: ['taken_at', 'not_before'],
    rows: (state) =>
      Object.values(state.saveLocks).map((row) => ({ ...LOCK.toRow(row), entity_type: row.entityType.toUpperCase() })),
    read: (rows, state) => {
      const locks = rows.map((row) => {
        const entityType = String(row['entity_type']).toLowerCase() as EntityType
        return [lockKey(String(row['tenant']), entityType), { ...LOCK.toFields(row), entityType }] as const
      })
      return { ...state, saveLocks: Object.fromEntries(locks) }
    }
  },
  {
    name: 'node',
    times: ['started_at', 'last_seen_at', 'steady_since', 'left_at', 'crashed_at'],
    rows: (state) => Object.values(state.nodes).map(NODE.toRow),
    read: (rows, state) => ({ ...state, nodes: byId(rows.map(NODE.toFields)) })
  },
  {
    name: 'tombstone',
    times: ['due_at', 'created_at'],
    unmodelled: ['created_at'],
    rows: (state) => Object.values(state.tombstones).map(TOMBSTONE.toRow),
    read: (rows, state) => ({ ...state, tombstones: byId(rows.map(TOMBSTONE.toFields)) })
  },
  {
    name: 'settings',
    times: [],
    unmodelled: ['one'],
    rows: ({ settings }) => [{ one: true, ...SETTINGS.toRow(settings) }],
    read: ([row], state) => (row === undefined ? state : { ...state, settings: SETTINGS.toFields(row) })
  },
  {
    name: 'throttle',
    times: ['filled_at'],
    unmodelled: ['one'],
    rows: ({ throttle }) => [{ one: true, ...THROTTLE.toRow(throttle) }],
    read: ([row], state) => (row === undefined ? state : { ...state, throttle: THROTTLE.toFields(row) })
  }
]

interface Placed {
  readonly table: Table
  readonly at: string
  readonly tenant: string
}

const PLACES: readonly Placed[] = [
  ...TENANTS.flatMap((tenant) => OF_TENANT.map((table) => ({ table, at: `${schemaOf(tenant)}.${table.name}`, tenant }))),
  ...OF_CONTROL.map((table) => ({ table, at: `${CONTROL}.${table.name}`, tenant: '' }))
]

/** Makes the tables what the state says, whatever stood there before. */
export async function plant(db: TestDatabase, state: ModelState): Promise<void> {
  const gone = [...PLACES].reverse().map(({ at }) => `delete from ${at};`)
  const rows = PLACES.map(({ table, at, tenant }) => insert(at, table, table.rows(state, tenant)))
  await db.query(`begin; delete from ${CONTROL}.stage_secret; ${gone.join(' ')} ${rows.join(' ')} commit`)
}

function insert(at: string, { times }: Table, rows: readonly Row[]): string {
  const [first] = rows
  if (first === undefined) return ''
  const names = Object.keys(first).join(', ')
  const dated = rows.map((row) =>
    Object.fromEntries(Object.entries(row).map(([k, v]) => [k, times.includes(k) ? iso(v) : v]))
  )
  const json = pg.escapeLiteral(JSON.stringify(dated))
  return `insert into ${at} (${names}) select ${names} from jsonb_populate_recordset(null::${at}, ${json});`
}

const iso = (ms: Json | undefined): string | null => (typeof ms === 'number' ? new Date(ms).toISOString() : null)

/** What the tables say now, and when that was by the database's clock. */
export async function readState(db: TestDatabase): Promise<{ readonly state: ModelState; readonly now: number }> {
  const all = PLACES.map(({ at }, i) => `'${i}', (select jsonb_agg(to_jsonb(t)) from ${at} t)`)
  const [found] = await db.query<{ tables: Record<string, Row[] | null>; now: number }>(
    `select jsonb_build_object(${all.join(', ')}) as tables, ${NOW} as now`
  )
  if (found === undefined) throw new Error('a select of values gave no row')
  const state = PLACES.reduce(
    (state, { table, tenant }, i) =>
      table.read(
        (found?.tables[i] ?? []).map((row) => timed(row, table)),
        state,
        tenant
      ),
    emptyState()
  )
  return { state, now: found.now }
}

const timed = (row: Row, { times }: Table): Row =>
  Object.fromEntries(Object.entries(row).map(([k, v]) => [k, times.includes(k) && typeof v === 'string' ? msOf(v) : v]))

const msOf = (text: string): number => Date.parse(/[+-]\d\d:\d\d$/.test(text) ? text : `${text}Z`)

const NOW = `extract(epoch from clock_timestamp())::float8 * 1000`

/** Time of the database's clock in ms. */
export async function databaseNow(db: TestDatabase): Promise<number> {
  const [row] = await db.query<{ now: number }>(`select ${NOW} as now`)
  return row?.now ?? NaN
}

/**
 * Columns of the model's tables that it does not know: whoever adds one says here what the verbs do with it.
 *
 * @param states of which some have a row in each table
 */
export async function unknownColumns(db: TestDatabase, states: readonly ModelState[]): Promise<readonly string[]> {
  const unknown: string[] = []
  for (const { table, at, tenant } of PLACES.filter((place) => place.tenant !== TENANTS[1])) {
    const [schema, name] = at.split('.')
    const found = await db.query<{ name: string }>(
      'select column_name as name from information_schema.columns where table_schema = $1 and table_name = $2',
      [schema, name]
    )
    const [row = {}] = states.flatMap((state) => table.rows(state, tenant))
    const known = [...Object.keys(row), ...(table.unmodelled ?? [])]
    unknown.push(...found.map((column) => `${name}.${column.name}`).filter((it) => !known.includes(it.split('.')[1] ?? '')))
  }
  return unknown
}

function windowRow(window: ChunkWindow): Row {
  return {
    start_record_id: window.kind === 'ids' ? window.startRecordId : null,
    end_record_id: window.kind === 'ids' ? window.endRecordId : null,
    source_chunk_file_name: window.kind === 'object' ? window.objectKey : null,
    source_offset: window.kind === 'bytes' ? window.offset : null,
    source_length: window.kind === 'bytes' ? window.length : null,
    first_record_index: window.kind === 'ids' ? null : window.firstRecordIndex
  }
}

function toWindow(row: Row): ChunkWindow {
  if (row['start_record_id'] !== null) {
    return { kind: 'ids', startRecordId: String(row['start_record_id']), endRecordId: String(row['end_record_id']) }
  }
  const firstRecordIndex = Number(row['first_record_index'])
  if (row['source_offset'] === null)
    return { kind: 'object', objectKey: String(row['source_chunk_file_name']), firstRecordIndex }
  return { kind: 'bytes', offset: Number(row['source_offset']), length: Number(row['source_length']), firstRecordIndex }
}

function toEntities(row: Row): StoredFile | null {
  if (row['entity_chunk_file_name'] === null) return null
  return {
    key: String(row['entity_chunk_file_name']),
    lengthBytes: Number(row['entity_length']),
    sha256: String(row['entity_sha256'])
  }
}

function toSource(row: Row): FileSource | null {
  if (row['source_name'] === null) return null
  return {
    name: String(row['source_name']),
    format: row['source_format'] as FileSource['format'],
    objectKey: String(row['source_object_key']),
    etag: String(row['source_etag']),
    lengthBytes: Number(row['source_length'])
  }
}
