import type { Claim, Stage, Tally } from '@marc-migrations/domain'
import { operationOf, withRow } from '../state.ts'
import type { At, ChunkRow, ModelState, OperationRow, Outcome } from '../state.ts'

export function countChunk(state: ModelState, at: At, claim: Claim, tally: Tally): Outcome<'counted' | 'fenced'> {
  const { state: counted, answer } = countOnce(state, at, claim, tally)
  return { state: counted, answer: answer === 'counted' ? 'counted' : 'fenced' }
}

/** `before`: this very attempt was counted already, which is what to ask after a commit that nobody heard. */
export function countOnce(
  state: ModelState,
  { now }: At,
  claim: Claim,
  tally: Tally
): Outcome<'counted' | 'before' | 'fenced'> {
  const { stage } = tally
  const operation = operationOf(state, claim.tenant, claim.operationId)
  const chunk = state.chunks[claim.chunkId]
  if (operation === null || chunk === undefined || !isHeld(operation, chunk, claim, stage)) {
    const standing = stage === 'DATA_MAPPING' ? chunk?.fileEpoch : chunk?.savedEpoch
    return { state, answer: standing === claim.epoch ? 'before' : 'fenced' }
  }
  const bad = tally.stage === 'DATA_MAPPING' ? tally.rejected : tally.failed
  const open = { leaseOwner: null, leaseUntil: null, nextAttemptAt: null, publishedAt: null, prior: null }
  let counted = withRow(state, 'operations', operation.id, totalled(operation, chunk, tally))
  counted = withRow(counted, 'chunks', chunk.id, {
    ...chunk,
    ...open,
    ...shareOf(claim, tally),
    status: `${stage}_${bad === 0 ? 'COMPLETED' : 'FAILED'}`,
    savingUnknown: tally.stage === 'DATA_SAVING' && tally.outcomeUnknown,
    retryReasonsKey: null
  })
  const step = chunk.stepId === null ? undefined : counted.steps[chunk.stepId]
  if (step !== undefined) {
    const { rejectedKey, reasonsKey } = tally
    const status = bad === 0 ? 'COMPLETED' : 'FAILED'
    counted = withRow(counted, 'steps', step.id, { ...step, status, errors: bad, rejectedKey, reasonsKey, endedAt: now })
  }
  return { state: counted, answer: 'counted' }
}

function isHeld(operation: OperationRow, chunk: ChunkRow, claim: Claim, stage: Stage): boolean {
  return (
    operation.status === stage &&
    chunk.operationId === operation.id &&
    chunk.epoch === claim.epoch &&
    chunk.status === stage &&
    chunk.stage === stage &&
    chunk.nextAttemptAt !== null &&
    (stage !== 'DATA_MAPPING' || chunk.rulesHash === claim.rulesHash)
  )
}

function shareOf({ epoch }: Claim, tally: Tally): Partial<ChunkRow> {
  if (tally.stage === 'DATA_SAVING') return { savedShare: tally.saved, savedEpoch: epoch }
  return {
    recordCount: tally.mapped + tally.rejected,
    mappedShare: tally.mapped,
    rejectedShare: tally.rejected,
    fileEpoch: epoch,
    entities: tally.entities
  }
}

function totalled(operation: OperationRow, chunk: ChunkRow, tally: Tally): OperationRow {
  if (tally.stage === 'DATA_SAVING') {
    return {
      ...operation,
      savedRecords: operation.savedRecords + tally.saved - chunk.savedShare,
      silentSince: tally.answered ? null : operation.silentSince
    }
  }
  const drift = tally.mapped + tally.rejected - chunk.recordCount
  return {
    ...operation,
    mappedRecords: operation.mappedRecords + tally.mapped,
    rejectedRecords: operation.rejectedRecords + tally.rejected,
    driftRecords: operation.driftRecords + drift,
    totalRecords: operation.totalRecords + (operation.chunkingSealed ? drift : 0)
  }
}
