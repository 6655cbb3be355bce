import type { Claim, Hint, SavingWork } from '@marc-migrations/domain'
import { isLeaseFree, operationOf, withRow } from '../state.ts'
import type { At, ChunkRow, ModelState, OperationRow, Outcome, StepRow } from '../state.ts'
import { holderCrashed } from './holder-crashed.ts'

export function claimChunk(state: ModelState, at: At, hint: Hint, worker: string, leaseMs: number): Outcome<Claim | null> {
  return claimSeeing(state, at, operationOf(state, hint.tenant, hint.operationId), hint, worker, leaseMs)
}

/**
 * The claim as two transactions may pass each other: the operation as the statement saw it when it began, the chunk as it is
 * when the statement comes to it.
 */
export function claimSeeing(
  state: ModelState,
  at: At,
  operation: OperationRow | null,
  hint: Hint,
  worker: string,
  leaseMs: number
): Outcome<Claim | null> {
  const chunk = state.chunks[hint.chunkId]
  if (operation === null || chunk === undefined || !isClaimable(operation, chunk, at.now)) return { state, answer: null }
  const isClaimed = chunk.status === 'DATA_MAPPING' || chunk.status === 'DATA_SAVING'
  const crashed = chunk.leaseOwner !== null && holderCrashed(state, chunk.leaseOwner, chunk.leaseUntil)
  const stepId = chunk.stepId ?? at.newId()
  const taken: ChunkRow = {
    ...chunk,
    status: chunk.stage,
    prior: isClaimed ? chunk.prior : chunk.status,
    stepId,
    epoch: chunk.epoch + 1,
    attempts: chunk.attempts + (crashed ? 1 : 0),
    publishSteps: 0,
    savingUnknown: chunk.savingUnknown || chunk.stage === 'DATA_SAVING',
    leaseOwner: worker,
    leaseUntil: at.now + Math.round(leaseMs)
  }
  const step: StepRow = {
    ...(state.steps[stepId] ?? newStep(stepId, chunk)),
    status: 'IN_PROGRESS',
    startedAt: at.now,
    endedAt: null,
    errors: 0
  }
  const claimed = withRow(withRow(state, 'chunks', chunk.id, taken), 'steps', stepId, step)
  return { state: claimed, answer: toClaim(operation, taken, stepId, savingOf(operation, chunk, at.now)) }
}

export function isClaimable(operation: OperationRow, chunk: ChunkRow, now: number): boolean {
  return (
    chunk.operationId === operation.id &&
    operation.control === 'run' &&
    operation.status === chunk.stage &&
    chunk.nextAttemptAt !== null &&
    chunk.nextAttemptAt <= now &&
    chunk.publishedAt !== null &&
    isLeaseFree(chunk, now) &&
    (chunk.stage !== 'DATA_MAPPING' || (chunk.rulesHash !== null && chunk.rulesHash === operation.rulesHash))
  )
}

function newStep(id: string, { id: chunkId, operationId, stage }: ChunkRow): StepRow {
  const empty = { errors: 0, rejectedKey: null, reasonsKey: null, startedAt: null, endedAt: null }
  return { id, operationId, chunkId, stage, status: 'IN_PROGRESS', ...empty }
}

function savingOf(operation: OperationRow, chunk: ChunkRow, now: number): SavingWork | null {
  if (chunk.stage !== 'DATA_SAVING') return null
  return {
    file: chunk.entities,
    recordCount: chunk.mappedShare,
    publishEvents: operation.publishEvents,
    retryReasonsKey: chunk.retryReasonsKey,
    outcomeUnknown: chunk.savingUnknown,
    silentForMs: operation.silentSince === null ? null : now - operation.silentSince
  }
}

function toClaim(operation: OperationRow, chunk: ChunkRow, stepId: string, saving: SavingWork | null): Claim {
  return {
    tenant: operation.tenant,
    operationId: operation.id,
    chunkId: chunk.id,
    stepId,
    stage: chunk.stage,
    epoch: chunk.epoch,
    attempts: chunk.attempts,
    position: chunk.position,
    recordCount: chunk.recordCount,
    window: chunk.window,
    rulesHash: chunk.rulesHash,
    entityType: operation.entityType,
    operationType: operation.operationType,
    source: operation.source,
    saving
  }
}
