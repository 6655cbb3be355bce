import type { Control, ControlAnswer, StageRef, StopGround } from '@marc-migrations/domain'
import { isRunning, operationOf, toOperation, withRow } from '../state.ts'
import type { At, ModelState, OperationRow, Outcome } from '../state.ts'
import { disarmStage } from './arm-stage.ts'
import { fenceChunks, fenceRanges } from './fence-chunks.ts'
import { releaseSaveLock } from './save-lock.ts'
import { buryLosers } from './tombstones.ts'

export function cancelOperation(
  state: ModelState,
  at: At,
  tenant: string,
  id: string,
  stopReason: string
): Outcome<ControlAnswer> {
  const operation = operationOf(state, tenant, id)
  if (operation === null) return { state, answer: { outcome: 'unknown' } }
  const before = toOperation(state, operation)
  if (!isRunning(operation)) return { state, answer: { outcome: 'forbidden', before } }
  return { state: stopOperation(state, at, operation, 'cancel', stopReason), answer: { outcome: 'done', before } }
}

/** False, and nothing is changed, when the stage is not the one that runs, or the ground is gone. */
export function stopStage(
  state: ModelState,
  at: At,
  stage: StageRef,
  ground: StopGround,
  stopReason: string
): Outcome<boolean> {
  const operation = operationOf(state, stage.tenant, stage.operationId)
  const runs = operation !== null && isRunning(operation)
  if (!runs || (operation.status === 'DATA_SAVING') !== (stage.stage === 'DATA_SAVING')) return { state, answer: false }
  if (!holds(state, stage, ground)) return { state, answer: false }
  return { state: stopOperation(state, at, operation, 'run', stopReason), answer: true }
}

function holds(state: ModelState, { operationId }: StageRef, ground: StopGround): boolean {
  if ('headers' in ground) return state.secrets[operationId] === undefined
  if ('range' in ground) {
    const range = state.ranges[ground.range.id]
    return range?.operationId === operationId && range.epoch === ground.range.epoch && !range.done
  }
  const chunk = state.chunks[ground.chunk.chunkId]
  if (chunk?.operationId !== operationId || chunk.epoch !== ground.chunk.epoch) return false
  return chunk.nextAttemptAt !== null && chunk.leaseOwner !== null
}

function stopOperation(
  state: ModelState,
  at: At,
  operation: OperationRow,
  control: Control,
  stopReason: string
): ModelState {
  const { tenant, id } = operation
  const ended = withRow(state, 'operations', id, stopped(operation, at.now, control, stopReason))
  const fenced = fenceChunks(fenceRanges(ended, id), at.now, id, { stayOpen: true })
  const disarmed = disarmStage(buryLosers(fenced.state, at, operation), id)
  return releaseSaveLock(disarmed, tenant, id, fenced.answer)
}

/** The operation's own row of a stop. */
export function stopped(operation: OperationRow, now: number, control: Control, stopReason: string): OperationRow {
  if (operation.status === 'DATA_SAVING') {
    return { ...operation, status: 'DATA_SAVING_FAILED', endTimeSaving: now, control, stopReason }
  }
  return { ...operation, status: 'DATA_MAPPING_FAILED', endTimeMapping: now, control, stopReason }
}
