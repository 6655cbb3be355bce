import type { ControlAnswer } from '@marc-migrations/domain'
import { chunksOf, isLeaseFree, isRunning, operationOf, toOperation, withRow, withRows } from '../state.ts'
import type { At, ChunkRow, ModelState, OperationRow, Outcome } from '../state.ts'
import { releaseSaveLock } from './save-lock.ts'

export function pauseOperation(state: ModelState, { now }: At, tenant: string, id: string): Outcome<ControlAnswer> {
  const operation = operationOf(state, tenant, id)
  if (operation === null) return { state, answer: { outcome: 'unknown' } }
  const before = toOperation(state, operation)
  if (!isRunning(operation)) return { state, answer: { outcome: 'forbidden', before } }
  const paused = withRow(state, 'operations', id, { ...operation, control: 'pause', silentSince: null })
  return { state: giveUpSaveLock(paused, now, operation), answer: { outcome: 'done', before } }
}

export function resumeOperation(state: ModelState, { now }: At, tenant: string, id: string): Outcome<ControlAnswer> {
  const operation = operationOf(state, tenant, id)
  if (operation === null) return { state, answer: { outcome: 'unknown' } }
  const before = toOperation(state, operation)
  if (operation.control !== 'pause' || !isRunning(operation)) return { state, answer: { outcome: 'forbidden', before } }
  const resumed = withRow(state, 'operations', id, { ...operation, control: 'run', silentSince: null })
  const armed = state.armed[id]
  if (armed === undefined) return { state: resumed, answer: { outcome: 'done', before } }
  const due = { ...armed, nextSplitAt: now, nextPublishAt: now, nextCheckAt: now }
  return { state: withRow(resumed, 'armed', id, due), answer: { outcome: 'done', before } }
}

/** A paused saving lets others save, once the last of its chunks is no longer with a worker. */
export function giveUpSaveLock(state: ModelState, now: number, { tenant, id, status }: OperationRow): ModelState {
  if (status !== 'DATA_SAVING') return state
  const unpublished = unpublish(state, now, id, () => true)
  const isLeased = chunksOf(unpublished, id).some(
    ({ nextAttemptAt, leaseUntil }) => nextAttemptAt !== null && leaseUntil !== null && leaseUntil > now
  )
  return isLeased ? unpublished : releaseSaveLock(unpublished, tenant, id, null)
}

/** What is published and nobody works on. */
export function unpublish(
  state: ModelState,
  now: number,
  operationId: string,
  concerns: (chunk: ChunkRow) => boolean
): ModelState {
  const untaken = chunksOf(state, operationId).filter(
    (chunk) => chunk.nextAttemptAt !== null && chunk.publishedAt !== null && isLeaseFree(chunk, now) && concerns(chunk)
  )
  return withRows(
    state,
    'chunks',
    untaken.map((chunk) => ({ ...chunk, publishedAt: null }))
  )
}
