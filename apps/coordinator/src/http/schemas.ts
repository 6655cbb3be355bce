import {
  entityTypes,
  fileFormats,
  nodeKinds,
  operationStatuses,
  operationTypes,
  reportStatuses
} from '@marc-migrations/domain'
import { Type } from 'typebox'
import type { Static, TSchema } from 'typebox'

// The shapes of every answer and body. They document and type the API; requests are checked by the doors beside this file,
// whose order and messages are FOLIO's.

function literals<T extends string>(values: readonly T[], description?: string) {
  return Type.Unsafe<T>({ type: 'string', enum: values, ...(description === undefined ? {} : { description }) })
}

const lowerStatuses = operationStatuses.map((status) => status.toLowerCase())
const count = (description: string) => Type.Integer({ minimum: 0, description })
const uuid = (description?: string) => Type.String({ format: 'uuid', ...(description === undefined ? {} : { description }) })
const time = (description?: string) =>
  Type.String({ format: 'date-time', ...(description === undefined ? {} : { description }) })

export const MigrationOperation = Type.Object(
  {
    id: uuid(),
    userId: uuid(),
    entityType: literals(entityTypes),
    operationType: literals(operationTypes),
    status: literals(lowerStatuses),
    totalNumOfRecords: count('The count at the start; from the end of the split on the sum of the chunks'),
    mappedNumOfRecords: count('Live; a retry of chunks takes their share away first'),
    savedNumOfRecords: count('Live'),
    rejectedNumOfRecords: Type.Optional(count('Records that could not be mapped; left out when 0')),
    startTimeMapping: Type.Optional(time()),
    endTimeMapping: Type.Optional(time()),
    startTimeSaving: Type.Optional(time()),
    endTimeSaving: Type.Optional(time()),
    control: Type.Optional(literals(['pause', 'cancel'], 'Left out while the operation runs')),
    stopReason: Type.Optional(Type.String({ description: 'Why the operation was stopped' })),
    waitingFor: Type.Optional(
      Type.Object(
        { operationId: uuid() },
        { description: 'The operation whose saving comes first, same tenant and entity type' }
      )
    ),
    drift: Type.Optional(Type.Integer({ description: 'Records that came (+) or went (-) since the split; a warning' })),
    source: Type.Optional(
      Type.Object(
        { name: Type.String(), format: literals([...fileFormats, 'gzip']) },
        { description: 'The file of an import' }
      )
    )
  },
  { $id: 'MigrationOperation' }
)
export type MigrationOperationBody = Static<typeof MigrationOperation>

const MigrationOperationCollection = Type.Object(
  {
    migrationOperations: Type.Array(ref<MigrationOperationBody>('MigrationOperation')),
    totalRecords: count('All that match, not only this page')
  },
  { $id: 'MigrationOperationCollection' }
)

const NewMigrationOperation = Type.Object(
  {
    entityType: literals(entityTypes),
    operationType: literals(operationTypes, 'import only where IMPORT_ENABLED is set'),
    source: Type.Optional(
      Type.Object(
        { name: Type.String(), format: Type.Optional(literals(fileFormats)) },
        { description: 'The uploaded file of an import; its format is recognised unless named' }
      )
    )
  },
  {
    $id: 'NewMigrationOperation',
    examples: [
      { entityType: 'authority', operationType: 'remapping' },
      { entityType: 'authority', operationType: 'import', source: { name: 'authorities.mrc', format: 'iso2709' } }
    ]
  }
)

const SaveMigrationOperation = Type.Object(
  {
    status: literals(lowerStatuses, 'Only data_saving is accepted'),
    publishEvents: Type.Optional(
      Type.Union([Type.Boolean({ default: true }), Type.Null()], {
        description: 'Sent with each bulk call; null sends none, the storage module then follows its own default'
      })
    ),
    allowRejected: Type.Optional(
      Type.Boolean({ default: false, description: 'Save what was mapped although some records were rejected' })
    )
  },
  { $id: 'SaveMigrationOperation', examples: [{ status: 'data_saving', publishEvents: true }] }
)

const ChunkIds = Type.Array(uuid(), { $id: 'ChunkIds', description: 'Unknown ids and repeats are ignored' })

export const Chunk = Type.Object(
  {
    id: uuid(),
    position: Type.Integer({ minimum: 0, description: 'Place in the source' }),
    status: literals(lowerStatuses),
    stage: literals(['data_mapping', 'data_saving']),
    state: literals(['waiting', 'running', 'done', 'failed'], 'Waiting and running chunks are open in their stage'),
    numOfRecords: count('Records of the chunk'),
    mappedNumOfRecords: count('Counted as mapped'),
    rejectedNumOfRecords: count('Counted as rejected'),
    savedNumOfRecords: count('Counted as saved'),
    attempts: count('Attempts used up'),
    epoch: count('How often the chunk was claimed or fenced'),
    worker: Type.Optional(Type.String({ description: 'Node that holds the lease' })),
    rulesHash: Type.Optional(Type.String()),
    entityFile: Type.Optional(Type.String({ description: 'Key of the mapped entities in the object store' })),
    rejectedFile: Type.Optional(Type.String()),
    reasonsFile: Type.Optional(Type.String())
  },
  { $id: 'Chunk' }
)
export type ChunkBody = Static<typeof Chunk>

export const ChunkRun = Type.Object(
  {
    first: Type.Integer({ minimum: 0, description: 'Place of the first chunk of the run in the list of chunks' }),
    chunks: Type.Integer({ minimum: 1 }),
    state: literals(['waiting', 'running', 'done', 'failed', 'mixed']),
    records: count('Records of these chunks'),
    processed: count('Mapped and rejected, or saved, of them')
  },
  { $id: 'ChunkRun' }
)
export type ChunkRunBody = Static<typeof ChunkRun>

const ChunkCollection = Type.Object(
  { chunks: Type.Array(ref<ChunkBody>('Chunk')), totalRecords: count('Chunks that match') },
  { $id: 'ChunkCollection' }
)
const ChunkSummary = Type.Object(
  {
    runs: Type.Array(ref<ChunkRunBody>('ChunkRun'), { maxItems: 2000 }),
    totalRecords: count('Chunks of the operation')
  },
  { $id: 'ChunkSummary' }
)

const ErrorReportStatus = Type.Object(
  { operationId: uuid(), status: literals(reportStatuses.map((status) => status.toLowerCase())) },
  { $id: 'ErrorReportStatus' }
)

export const ErrorReport = Type.Object(
  {
    operationId: uuid(),
    chunkId: uuid('May be sent back in a retry'),
    stage: literals(['DATA_MAPPING', 'DATA_SAVING']),
    chunkStatus: literals(['FAILED'], 'Of the step when the report was built'),
    recordId: Type.String({ description: "The entity's UUID, or <unknown>" }),
    errorMessage: Type.String()
  },
  { $id: 'ErrorReport' }
)
export type ErrorReportBody = Static<typeof ErrorReport>

const ErrorReportCollection = Type.Object(
  { errorReports: Type.Array(ref<ErrorReportBody>('ErrorReport')) },
  { $id: 'ErrorReportCollection' }
)

export const NodeBody = Type.Object(
  {
    id: Type.String(),
    kind: literals(nodeKinds),
    version: Type.String(),
    host: Type.String(),
    startedAt: time(),
    lastSeenAt: time('Of the last heartbeat'),
    slots: count('Chunks it works on at a time'),
    busySlots: count('Of them busy, whoever the tenant'),
    chunks: Type.Array(
      Type.Object({ operationId: uuid(), chunkId: uuid(), stage: literals(['data_mapping', 'data_saving']) }),
      { description: 'Those of the asking tenant that the node holds' }
    ),
    otherChunks: count('Chunks of other tenants that it works on')
  },
  { $id: 'Node' }
)
const NodeCollection = Type.Object(
  { nodes: Type.Array(ref<Static<typeof NodeBody>>('Node')), totalRecords: count('Nodes seen in the last 30 s') },
  { $id: 'NodeCollection' }
)

export const SourceFileBody = Type.Object(
  {
    name: Type.String(),
    format: literals([...fileFormats, 'gzip'], 'As recognised from the first bytes'),
    lengthBytes: count('Size of the file'),
    uploadedAt: Type.Optional(time())
  },
  { $id: 'SourceFile' }
)
const SourceFileCollection = Type.Object(
  {
    sources: Type.Array(ref<Static<typeof SourceFileBody>>('SourceFile')),
    totalRecords: count('Files of the tenant')
  },
  { $id: 'SourceFileCollection' }
)

const TenantAttributes = Type.Object(
  {
    module_to: Type.Optional(Type.String()),
    module_from: Type.Optional(Type.String()),
    purge: Type.Optional(Type.Boolean({ default: true, description: 'Read only where module_to is blank' })),
    parameters: Type.Optional(
      Type.Array(Type.Object({ key: Type.String(), value: Type.Optional(Type.String()) }), {
        description: 'Accepted; loadReference and loadSample have no effect'
      })
    )
  },
  { $id: 'TenantAttributes' }
)

const Errors = Type.Object(
  {
    errors: Type.Array(
      Type.Object({
        message: Type.String(),
        type: Type.String({ description: 'Class name that clients of FOLIO compare' }),
        code: literals(['validation_error', 'not_found_error', 'service_error']),
        parameters: Type.Optional(Type.Array(Type.Object({ key: Type.String(), value: Type.String() })))
      }),
      { minItems: 1 }
    ),
    total_records: Type.Integer({ minimum: 1 })
  },
  { $id: 'Errors' }
)

const componentStatus = literals(['UP', 'DOWN'])
const Health = Type.Object(
  {
    status: componentStatus,
    components: Type.Optional(
      Type.Record(
        Type.String(),
        Type.Object({
          status: componentStatus,
          details: Type.Optional(Type.Record(Type.String(), Type.String()))
        })
      )
    )
  },
  { $id: 'Health' }
)

const Info = Type.Object(
  {
    name: Type.String(),
    version: Type.String(),
    adapters: Type.Object({
      broker: Type.String(),
      objects: Type.String(),
      rules: Type.String(),
      postgres: Type.String()
    }),
    broker: Type.Object({
      connected: Type.Boolean({ description: 'false: workers find chunks in the table until the broker is back' }),
      detail: Type.Optional(Type.String())
    }),
    importEnabled: Type.Boolean(),
    defaultTenant: Type.Optional(Type.String())
  },
  { $id: 'Info' }
)

/** Registered on the server, so that `ref` finds them and the OpenAPI document lists them as components. */
export const namedSchemas: readonly TSchema[] = [
  MigrationOperation,
  MigrationOperationCollection,
  NewMigrationOperation,
  SaveMigrationOperation,
  ChunkIds,
  Chunk,
  ChunkRun,
  ChunkCollection,
  ChunkSummary,
  ErrorReportStatus,
  ErrorReport,
  ErrorReportCollection,
  NodeBody,
  NodeCollection,
  SourceFileBody,
  SourceFileCollection,
  TenantAttributes,
  Errors,
  Health,
  Info
]

/** A reference to one of `namedSchemas` by its `$id`; a description is what a response's reader sees first. */
export function ref<T>(id: string, description?: string) {
  return Type.Unsafe<T>({ $ref: `${id}#`, ...(description === undefined ? {} : { description }) })
}
