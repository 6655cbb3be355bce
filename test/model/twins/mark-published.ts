import type { ArmedStage, PublishedChunk } from '@marc-migrations/domain'
import { chunksOf, operationOf, withRow, withRows } from '../state.ts'
import type { At, ChunkRow, ModelState, OperationRow, Outcome } from '../state.ts'
import { takeSaveLock } from './save-lock.ts'

export function markPublished(
  state: ModelState,
  { now }: At,
  { tenant, operationId }: ArmedStage,
  limit: number
): Outcome<readonly PublishedChunk[]> {
  const operation = operationOf(state, tenant, operationId)
  if (operation === null) return { state, answer: [] }
  const { state: asked, answer: may } = mayPublish(state, now, operation)
  const due = may ? dueChunks(asked, operation, now).slice(0, limit) : []
  const rules = operation.status === 'DATA_MAPPING' ? operation.rulesHash : null
  const published = due.map((chunk): ChunkRow => ({ ...chunk, publishedAt: now, rulesHash: rules ?? chunk.rulesHash }))
  return {
    state: noteMarked(withRows(asked, 'chunks', published), operationId, due.length, limit),
    answer: due.map(({ id, epoch }) => ({ chunkId: id, epoch }))
  }
}

export function dueChunks(state: ModelState, { id, status }: OperationRow, now: number): readonly ChunkRow[] {
  return chunksOf(state, id).filter(
    ({ stage, publishedAt, nextAttemptAt }) =>
      stage === status && publishedAt === null && nextAttemptAt !== null && nextAttemptAt <= now
  )
}

function mayPublish(state: ModelState, now: number, operation: OperationRow): Outcome<boolean> {
  if (operation.control !== 'run') return { state, answer: false }
  if (operation.status === 'DATA_MAPPING') return { state, answer: operation.rulesHash !== null }
  return operation.status === 'DATA_SAVING' ? takeSaveLock(state, now, operation) : { state, answer: false }
}

/** The grant is used, or given back. */
function noteMarked(state: ModelState, operationId: string, marked: number, granted: number): ModelState {
  const armed = state.armed[operationId]
  if (armed === undefined) return state
  return withRow(state, 'armed', operationId, {
    ...armed,
    outstanding: armed.outstanding + marked,
    due: Math.max(0, armed.due - marked),
    reserved: Math.max(0, armed.reserved - granted),
    reservedAt: armed.reserved > granted ? armed.reservedAt : null,
    marks: armed.marks + 1
  })
}
