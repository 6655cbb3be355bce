import type { ChunkView, Holding, NodeView, Operation, ReportedError, SourceFile, Stage } from '@marc-migrations/domain'
import type { Static } from 'typebox'
import type { ChunkBody, ErrorReportBody, MigrationOperationBody, NodeBody, SourceFileBody } from './schemas.ts'

/** ISO-8601 in UTC; a fraction of zeros is dropped, as the Java module's clients know it. */
export function timestamp(time: Date): string {
  return time.toISOString().replace('.000Z', 'Z')
}

/** An operation as FOLIO's contract shows it: what is null is left out, what is 0 is kept. Ours come last, only when they say something. */
export function presentOperation(operation: Operation): MigrationOperationBody {
  return {
    id: operation.id,
    userId: operation.userId,
    entityType: operation.entityType,
    operationType: operation.operationType,
    status: operation.status.toLowerCase(),
    totalNumOfRecords: operation.totalRecords,
    mappedNumOfRecords: operation.mappedRecords,
    savedNumOfRecords: operation.savedRecords,
    ...presentTimes(operation),
    ...(operation.rejectedRecords === 0 ? {} : { rejectedNumOfRecords: operation.rejectedRecords }),
    ...(operation.control === 'run' ? {} : { control: operation.control }),
    ...(operation.stopReason === null ? {} : { stopReason: operation.stopReason }),
    ...(operation.waitingFor === null ? {} : { waitingFor: { operationId: operation.waitingFor } }),
    ...(operation.driftRecords === 0 ? {} : { drift: operation.driftRecords }),
    ...(operation.source === null ? {} : { source: { name: operation.source.name, format: operation.source.format } })
  }
}

function presentTimes(operation: Operation) {
  const { startTimeMapping, endTimeMapping, startTimeSaving, endTimeSaving } = operation
  return {
    ...(startTimeMapping === null ? {} : { startTimeMapping: timestamp(startTimeMapping) }),
    ...(endTimeMapping === null ? {} : { endTimeMapping: timestamp(endTimeMapping) }),
    ...(startTimeSaving === null ? {} : { startTimeSaving: timestamp(startTimeSaving) }),
    ...(endTimeSaving === null ? {} : { endTimeSaving: timestamp(endTimeSaving) })
  }
}

/** The answer to a start, whatever the operation has become since: `new`, nothing counted. A repeated start reads the same. */
export function presentStarted(operation: Operation): MigrationOperationBody {
  return presentOperation({
    ...operation,
    status: 'NEW',
    control: 'run',
    stopReason: null,
    waitingFor: null,
    mappedRecords: 0,
    rejectedRecords: 0,
    savedRecords: 0,
    startTimeMapping: null,
    endTimeMapping: null,
    startTimeSaving: null,
    endTimeSaving: null
  })
}

/** The answer to a retry of the mapping: the counters from before it, the status from after it. */
export function presentRetried(before: Operation): MigrationOperationBody {
  return presentOperation({
    ...before,
    status: 'DATA_MAPPING',
    control: 'run',
    stopReason: null,
    waitingFor: null,
    endTimeMapping: null
  })
}

export function presentChunk(chunk: ChunkView): ChunkBody {
  return {
    id: chunk.id,
    position: chunk.position,
    status: chunk.status.toLowerCase(),
    stage: lowerStage(chunk.stage),
    state: chunkState(chunk),
    numOfRecords: chunk.recordCount,
    mappedNumOfRecords: chunk.mappedRecords,
    rejectedNumOfRecords: chunk.rejectedRecords,
    savedNumOfRecords: chunk.savedRecords,
    attempts: chunk.attempts,
    epoch: chunk.epoch,
    ...(chunk.leaseOwner === null ? {} : { worker: chunk.leaseOwner }),
    ...(chunk.rulesHash === null ? {} : { rulesHash: chunk.rulesHash }),
    ...(chunk.entities === null ? {} : { entityFile: chunk.entities.key }),
    ...(chunk.rejectedKey === null ? {} : { rejectedFile: chunk.rejectedKey }),
    ...(chunk.reasonsKey === null ? {} : { reasonsFile: chunk.reasonsKey })
  }
}

function lowerStage(stage: Stage): ChunkBody['stage'] {
  return stage === 'DATA_MAPPING' ? 'data_mapping' : 'data_saving'
}

export function chunkState(chunk: ChunkView): ChunkBody['state'] {
  if (chunk.open) return chunk.leaseOwner === null ? 'waiting' : 'running'
  return chunk.status.endsWith('_FAILED') ? 'failed' : 'done'
}

export function presentError(error: ReportedError): ErrorReportBody {
  const { operationId, chunkId, stage, chunkStatus, recordId, message } = error
  return { operationId, chunkId, stage, chunkStatus, recordId, errorMessage: message }
}

/** @param holdings of the asking tenant, on all nodes */
export function presentNode(node: NodeView, holdings: readonly Holding[]): Static<typeof NodeBody> {
  const held = holdings.filter(({ nodeId }) => nodeId === node.id)
  return {
    id: node.id,
    kind: node.kind,
    version: node.version,
    host: node.host,
    startedAt: timestamp(node.startedAt),
    lastSeenAt: timestamp(node.lastSeenAt),
    slots: node.slots,
    busySlots: node.busySlots,
    chunks: held.map(({ operationId, chunkId, stage }) => ({ operationId, chunkId, stage: lowerStage(stage) })),
    // The heartbeat's count and the leases are read a moment apart.
    otherChunks: Math.max(0, node.busySlots - held.length)
  }
}

export function presentSourceFile(file: SourceFile): Static<typeof SourceFileBody> {
  return {
    name: file.name,
    format: file.format,
    lengthBytes: file.lengthBytes,
    uploadedAt: timestamp(file.uploadedAt)
  }
}
