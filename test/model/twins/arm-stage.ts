import type { Stage } from '@marc-migrations/domain'
import { withoutRow, withRow } from '../state.ts'
import type { ModelState } from '../state.ts'

/** Every round is due at once; the stage is armed from now on, which is its place among those waiting for the save lock. */
export function armStage(state: ModelState, now: number, tenant: string, operationId: string, stage: Stage): ModelState {
  return withRow(state, 'armed', operationId, {
    tenant,
    operationId,
    stage,
    armedAt: now,
    nextSplitAt: now,
    nextPublishAt: now,
    nextCheckAt: now,
    nextSweepAt: now,
    outstanding: 0,
    due: 0,
    reserved: 0,
    reservedAt: null,
    marks: (state.armed[operationId]?.marks ?? -1) + 1
  })
}

/** The stage is over: off the list, and its credentials with it. */
export function disarmStage(state: ModelState, operationId: string): ModelState {
  return withoutRow(withoutRow(state, 'armed', operationId), 'secrets', operationId)
}
