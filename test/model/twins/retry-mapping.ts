import type { ControlAnswer, StageHeaders } from '@marc-migrations/domain'
import { chunksOf, isLeaseFree, lastStep, operationOf, toOperation, withRow, withRows } from '../state.ts'
import type { At, ChunkRow, ModelState, OperationRow, Outcome } from '../state.ts'
import { armStage } from './arm-stage.ts'
import { fenceChunks } from './fence-chunks.ts'
import { unpublish } from './pause-operation.ts'
import { releaseSaveLock } from './save-lock.ts'

export function retryMapping(
  state: ModelState,
  { now }: At,
  tenant: string,
  id: string,
  chunkIds: readonly string[] | null,
  headers?: StageHeaders
): Outcome<ControlAnswer> {
  const operation = operationOf(state, tenant, id)
  if (operation === null) return { state, answer: { outcome: 'unknown' } }
  const fenced = fenceChunks(state, now, id, { stage: 'DATA_SAVING', stayOpen: false })
  const listed = chunksOf(fenced.state, id).filter((chunk) => isListed(chunk, chunkIds, now))
  let again = withRows(
    fenced.state,
    'chunks',
    listed.map((chunk) => relisted(fenced.state, chunk, now))
  )
  again = unpublish(again, now, id, ({ stage }) => stage === 'DATA_MAPPING')
  again = withRow(again, 'operations', id, mappedAgain(operation, listed, now))
  again = resetReport(again, id)
  again = armStage(again, now, tenant, id, 'DATA_MAPPING')
  if (headers !== undefined) again = withRow(again, 'secrets', id, headers)
  again = releaseSaveLock(again, tenant, id, fenced.answer)
  return { state: again, answer: { outcome: 'done', before: toOperation(state, operation) } }
}

/** Without ids: what failed, and what is open and with no worker. */
function isListed(chunk: ChunkRow, chunkIds: readonly string[] | null, now: number): boolean {
  if (chunkIds !== null) return chunkIds.includes(chunk.id)
  const isIdle = chunk.nextAttemptAt !== null && isLeaseFree(chunk, now)
  return chunk.rejectedShare > 0 || chunk.status === 'DATA_MAPPING_FAILED' || isIdle
}

function relisted(state: ModelState, chunk: ChunkRow, now: number): ChunkRow {
  return {
    ...chunk,
    epoch: chunk.epoch + 1,
    leaseOwner: null,
    leaseUntil: null,
    mappedShare: 0,
    rejectedShare: 0,
    status: 'DATA_MAPPING',
    stage: 'DATA_MAPPING',
    prior: null,
    attempts: 0,
    publishSteps: 0,
    nextAttemptAt: now,
    publishedAt: null,
    stepId: lastStep(state, chunk.id, 'DATA_MAPPING')?.id ?? null
  }
}

function mappedAgain(operation: OperationRow, listed: readonly ChunkRow[], now: number): OperationRow {
  return {
    ...operation,
    status: 'DATA_MAPPING',
    control: 'run',
    stopReason: null,
    rulesHash: null,
    mappedRecords: listed.reduce((rest, { mappedShare }) => rest - mappedShare, operation.mappedRecords),
    rejectedRecords: listed.reduce((rest, { rejectedShare }) => rest - rejectedShare, operation.rejectedRecords),
    startTimeMapping: operation.startTimeMapping ?? now,
    endTimeMapping: null
  }
}

/** What the last report said is no longer so. */
export function resetReport(state: ModelState, operationId: string): ModelState {
  if (state.reports[operationId] === undefined) return state
  return withRow(state, 'reports', operationId, { status: 'NOT_STARTED', startedAt: null, finishedAt: null })
}
