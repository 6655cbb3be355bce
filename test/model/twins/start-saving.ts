import type { ControlAnswer, SavingOptions } from '@marc-migrations/domain'
import { chunksOf, lastStep, operationOf, toOperation, withRow, withRows } from '../state.ts'
import type { At, ChunkRow, ModelState, OperationRow, Outcome } from '../state.ts'
import { armStage } from './arm-stage.ts'
import { resetReport } from './retry-mapping.ts'
import { takeSaveLock } from './save-lock.ts'

export function startSaving(
  state: ModelState,
  { now }: At,
  tenant: string,
  id: string,
  chunkIds: readonly string[] | null,
  options: SavingOptions = {}
): Outcome<ControlAnswer> {
  const operation = operationOf(state, tenant, id)
  if (operation === null) return { state, answer: { outcome: 'unknown' } }
  const before = toOperation(state, operation)
  const again = operation.status === 'DATA_SAVING_FAILED'
  const mayReject = options.allowRejected === true && isMappedToItsEnd(state, operation)
  if (!again && operation.status !== 'DATA_MAPPING_COMPLETED' && !mayReject) {
    return { state, answer: { outcome: 'forbidden', before } }
  }
  const isRepeat = again || chunkIds !== null
  const listed = chunksOf(state, id).filter(({ id: chunkId, status }) =>
    chunkIds === null ? status !== 'DATA_SAVING_COMPLETED' : chunkIds.includes(chunkId)
  )
  let saving = withRows(
    state,
    'chunks',
    listed.map((chunk) => enlisted(state, chunk, isRepeat, now))
  )
  saving = withRow(saving, 'operations', id, savedAgain(operation, listed, options, now))
  if (isRepeat) saving = resetReport(saving, id)
  saving = armStage(saving, now, tenant, id, 'DATA_SAVING')
  if (options.headers !== undefined) saving = withRow(saving, 'secrets', id, options.headers)
  return { state: takeSaveLock(saving, now, operation).state, answer: { outcome: 'done', before } }
}

/** It failed for its rejected records alone. */
function isMappedToItsEnd(state: ModelState, { id, status, stopReason, chunkingSealed }: OperationRow): boolean {
  if (status !== 'DATA_MAPPING_FAILED' || stopReason !== null || !chunkingSealed) return false
  return chunksOf(state, id).every(({ nextAttemptAt }) => nextAttemptAt === null)
}

function enlisted(state: ModelState, chunk: ChunkRow, isRepeat: boolean, now: number): ChunkRow {
  const last = isRepeat ? lastStep(state, chunk.id, 'DATA_SAVING') : null
  const failedInPart = chunk.status === 'DATA_SAVING_FAILED' && last !== null && last.errors > 0
  return {
    ...chunk,
    epoch: chunk.epoch + (chunk.leaseOwner === null ? 0 : 1),
    leaseOwner: null,
    leaseUntil: null,
    savedShare: 0,
    status: 'DATA_MAPPING_COMPLETED',
    stage: 'DATA_SAVING',
    prior: null,
    attempts: 0,
    publishSteps: 0,
    nextAttemptAt: now,
    publishedAt: null,
    stepId: last?.id ?? null,
    retryReasonsKey: failedInPart ? last.reasonsKey : null
  }
}

function savedAgain(
  operation: OperationRow,
  listed: readonly ChunkRow[],
  { publishEvents }: SavingOptions,
  now: number
): OperationRow {
  return {
    ...operation,
    status: 'DATA_SAVING',
    control: 'run',
    stopReason: null,
    silentSince: null,
    savedRecords: listed.reduce((rest, { savedShare }) => rest - savedShare, operation.savedRecords),
    startTimeSaving: now,
    publishEvents: publishEvents === undefined ? (operation.publishEvents ?? true) : publishEvents
  }
}
