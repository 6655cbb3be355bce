import type { NewChunk, PageAnswer, SplitRange } from '@marc-migrations/domain'
import { operationOf, withRow, withRows } from '../state.ts'
import type { At, ChunkRow, ModelState, OperationRow, Outcome } from '../state.ts'
import { sealOperation } from './seal-operation.ts'

interface Page {
  readonly chunks: readonly NewChunk[]
  readonly cursor: string
  readonly done: boolean
}

export function commitPage(
  state: ModelState,
  { now }: At,
  tenant: string,
  range: SplitRange,
  page: Page,
  leaseMs: number
): Outcome<PageAnswer> {
  const operation = operationOf(state, tenant, range.operationId)
  const row = state.ranges[range.id]
  if (operation === null || !maySplit(operation) || row?.epoch !== range.epoch || row.done) {
    return { state, answer: { outcome: 'fenced' } }
  }
  const moved = {
    ...row,
    cursor: page.cursor,
    done: page.done,
    nextPosition: row.nextPosition + page.chunks.length,
    leaseOwner: page.done ? null : row.leaseOwner,
    leaseUntil: page.done ? null : now + Math.round(leaseMs)
  }
  const chunks = page.chunks.map((chunk, place) => newChunk(operation.id, chunk, row.nextPosition + place, now))
  if (chunks.some(({ id }) => state.chunks[id] !== undefined)) throw new Error('duplicate key of a chunk')
  let written = withRows(withRow(state, 'ranges', row.id, moved), 'chunks', chunks)
  if (operation.status === 'NEW') {
    const startTimeMapping = operation.startTimeMapping ?? now
    written = withRow(written, 'operations', operation.id, { ...operation, status: 'DATA_MAPPING', startTimeMapping })
  }
  if (!page.done) return { state: written, answer: { outcome: 'committed', sealed: false } }
  const { state: sealed, answer } = sealOperation(written, operation.id)
  return { state: sealed, answer: { outcome: 'committed', sealed: answer } }
}

/** A paused operation may go on splitting: nothing of it is published. */
export function maySplit({ control, status }: OperationRow): boolean {
  return control !== 'cancel' && (status === 'NEW' || status === 'DATA_MAPPING')
}

function newChunk(operationId: string, { id, recordCount, window }: NewChunk, position: number, now: number): ChunkRow {
  return {
    id,
    operationId,
    position,
    recordCount,
    window,
    status: 'NEW',
    stage: 'DATA_MAPPING',
    prior: null,
    nextAttemptAt: now,
    publishedAt: null,
    publishSteps: 0,
    leaseOwner: null,
    leaseUntil: null,
    epoch: 0,
    attempts: 0,
    stepId: null,
    rulesHash: null,
    mappedShare: 0,
    rejectedShare: 0,
    savedShare: 0,
    fileEpoch: null,
    savedEpoch: null,
    entities: null,
    savingUnknown: false,
    retryReasonsKey: null
  }
}
