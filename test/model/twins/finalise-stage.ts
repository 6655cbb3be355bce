import { isTerminal } from '@marc-migrations/domain'
import type { ArmedStage, OperationStatus, Verdict } from '@marc-migrations/domain'
import { chunksOf, operationOf, withRow } from '../state.ts'
import type { At, ModelState, OperationRow, Outcome } from '../state.ts'
import { disarmStage } from './arm-stage.ts'
import { giveUpSaveLock } from './pause-operation.ts'
import { releaseSaveLock } from './save-lock.ts'
import { buryLosers } from './tombstones.ts'

export function finaliseStage(
  state: ModelState,
  at: At,
  { tenant, operationId }: Pick<ArmedStage, 'tenant' | 'operationId'>,
  leaseMs: number
): Outcome<Verdict> {
  const operation = operationOf(state, tenant, operationId)
  if (operation === null) return { state: takenOff(state, tenant, operationId), answer: { outcome: 'gone' } }
  if (isTerminal(operation.status)) {
    const { status, stopReason } = operation
    return { state: takenOff(state, tenant, operationId), answer: { outcome: 'ended', status, stopReason } }
  }
  if (operation.status === 'NEW') return { state, answer: { outcome: 'open' } }
  const kept = operation.control === 'pause' ? giveUpSaveLock(state, at.now, operation) : state
  const verdict = operation.chunkingSealed ? verdictOf(kept, operation) : null
  if (verdict === null) return { state: kept, answer: { outcome: 'open' } }
  return { state: endStage(kept, at, operation, verdict, leaseMs), answer: { outcome: 'finalised', ...verdict } }
}

interface Ending {
  readonly status: OperationStatus
  readonly stopReason: string | null
}

/** Null while something is open. */
export function verdictOf(state: ModelState, operation: OperationRow): Ending | null {
  const chunks = chunksOf(state, operation.id)
  if (chunks.some(({ nextAttemptAt }) => nextAttemptAt !== null)) return null
  if (operation.status === 'DATA_SAVING') {
    const isSaved = chunks.every(({ status }) => status === 'DATA_SAVING_COMPLETED')
    const isComplete = isSaved && operation.savedRecords === operation.totalRecords
    return { status: isComplete ? 'DATA_SAVING_COMPLETED' : 'DATA_SAVING_FAILED', stopReason: null }
  }
  if (operation.mappedRecords + operation.rejectedRecords !== operation.totalRecords) {
    return { status: 'DATA_MAPPING_FAILED', stopReason: 'broken invariant' }
  }
  return { status: operation.rejectedRecords === 0 ? 'DATA_MAPPING_COMPLETED' : 'DATA_MAPPING_FAILED', stopReason: null }
}

export function endStage(
  state: ModelState,
  at: At,
  operation: OperationRow,
  { status, stopReason }: Ending,
  leaseMs: number
): ModelState {
  const { tenant, id } = operation
  const endTime = operation.status === 'DATA_MAPPING' ? { endTimeMapping: at.now } : { endTimeSaving: at.now }
  const ended = withRow(state, 'operations', id, { ...operation, ...endTime, status, stopReason, control: 'run' })
  return takenOff(buryLosers(ended, at, operation, leaseMs), tenant, id)
}

function takenOff(state: ModelState, tenant: string, operationId: string): ModelState {
  return releaseSaveLock(disarmStage(state, operationId), tenant, operationId, null)
}
