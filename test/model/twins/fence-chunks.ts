import type { OperationStatus, Stage } from '@marc-migrations/domain'
import { chunksOf, rangesOf, withRows } from '../state.ts'
import type { ChunkRow, ModelState, Outcome, StepRow } from '../state.ts'

interface Fencing {
  readonly stage?: Stage
  readonly stayOpen: boolean
}

/** @returns when the last fenced saving lease runs out */
export function fenceChunks(
  state: ModelState,
  now: number,
  operationId: string,
  { stage, stayOpen }: Fencing
): Outcome<number | null> {
  const held = chunksOf(state, operationId).filter(
    (chunk) => chunk.nextAttemptAt !== null && (stage === undefined || chunk.stage === stage)
  )
  return fenceThese(state, now, held, stayOpen)
}

export function fenceThese(
  state: ModelState,
  now: number,
  held: readonly ChunkRow[],
  stayOpen: boolean
): Outcome<number | null> {
  const fenced = held.map((chunk) => ({
    ...chunk,
    epoch: chunk.epoch + 1,
    leaseOwner: null,
    leaseUntil: null,
    publishedAt: null,
    nextAttemptAt: stayOpen ? chunk.nextAttemptAt : null,
    status: statusBefore(chunk, stayOpen),
    prior: null
  }))
  const steps = held.flatMap(({ stepId }) => {
    const step = stepId === null ? undefined : state.steps[stepId]
    return step?.status === 'IN_PROGRESS' ? [{ ...step, status: 'FAILED', endedAt: now } satisfies StepRow] : []
  })
  const leases = held.filter((chunk) => chunk.stage === 'DATA_SAVING').flatMap(({ leaseUntil }) => leaseUntil ?? [])
  return {
    state: withRows(withRows(state, 'chunks', fenced), 'steps', steps),
    answer: leases.length === 0 ? null : Math.max(...leases)
  }
}

function statusBefore({ status, prior }: ChunkRow, stayOpen: boolean): OperationStatus {
  if (status !== 'DATA_MAPPING' && status !== 'DATA_SAVING') return status
  return prior ?? (stayOpen ? status : 'DATA_MAPPING_COMPLETED')
}

export function fenceRanges(state: ModelState, operationId: string): ModelState {
  const open = rangesOf(state, operationId).filter(({ done }) => !done)
  const fenced = open.map((range) => ({ ...range, epoch: range.epoch + 1, leaseOwner: null, leaseUntil: null }))
  return withRows(state, 'ranges', fenced)
}
