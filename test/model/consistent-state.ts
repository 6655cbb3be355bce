import { isTerminal } from '@marc-migrations/domain'
import { chunksOf } from './state.ts'
import type { ChunkRow, ModelState, OperationRow } from './state.ts'

/** The nearest state in which the invariants hold: what they say after two verbs is then about the verbs. */
export function consistent(state: ModelState): ModelState {
  const chunks = mapRows(state.chunks, consistentChunk)
  const operations = mapRows(state.operations, (operation) => consistentOperation({ ...state, chunks }, operation))
  // Sealed is what nobody splits any more.
  const isSealed = (id: string) => state.operations[id]?.chunkingSealed === true
  const ranges = mapRows(state.ranges, (range) => ({ ...range, done: range.done || isSealed(range.operationId) }))
  return { ...state, chunks, operations, ranges }
}

const mapRows = <T>(rows: Readonly<Record<string, T>>, to: (row: T) => T): Readonly<Record<string, T>> =>
  Object.fromEntries(Object.entries(rows).map(([key, row]) => [key, to(row)]))

/** Open chunks have no share yet, and only an open chunk is leased. */
function consistentChunk(chunk: ChunkRow): ChunkRow {
  const isOpen = chunk.nextAttemptAt !== null
  const isLeased = isOpen && chunk.leaseOwner !== null && chunk.leaseUntil !== null
  const free = isLeased ? {} : { leaseOwner: null, leaseUntil: null }
  const closed = isOpen ? {} : { publishedAt: null }
  const noShare = chunk.stage === 'DATA_MAPPING' ? { mappedShare: 0, rejectedShare: 0 } : { savedShare: 0 }
  return { ...chunk, ...free, ...closed, ...(isOpen ? noShare : {}) }
}

function consistentOperation(state: ModelState, operation: OperationRow): OperationRow {
  const { mapped, rejected, saved, records } = sums(state, operation.id)
  return {
    ...operation,
    mappedRecords: mapped,
    rejectedRecords: rejected,
    savedRecords: saved,
    totalRecords: operation.chunkingSealed ? records : operation.totalRecords
  }
}

function sums(state: ModelState, id: string): Record<'mapped' | 'rejected' | 'saved' | 'records', number> {
  const chunks = chunksOf(state, id)
  const sum = (of: (chunk: ChunkRow) => number) => chunks.reduce((rest, chunk) => rest + of(chunk), 0)
  return {
    mapped: sum((chunk) => chunk.mappedShare),
    rejected: sum((chunk) => chunk.rejectedShare),
    saved: sum((chunk) => chunk.savedShare),
    records: sum((chunk) => chunk.recordCount)
  }
}

/** Invariants that two verbs have broken between them, whichever they were. */
export function brokenBetween(before: ModelState, after: ModelState): string[] {
  return [
    ...Object.values(after.operations).flatMap((one) => brokenOf(before, after, one)),
    ...epochsThatFell(before, after)
  ]
}

function brokenOf(before: ModelState, after: ModelState, now: OperationRow): string[] {
  const { mapped, rejected, saved, records } = sums(after, now.id)
  const was = before.operations[now.id]
  const isEnded = isTerminal(now.status) && was !== undefined && !isTerminal(was.status) && now.stopReason === null
  const isOpen = chunksOf(after, now.id).some(({ nextAttemptAt }) => nextAttemptAt !== null)
  return [
    now.mappedRecords !== mapped ? 'I3 mapped is not the sum of the shares' : '',
    now.rejectedRecords !== rejected ? 'I3 rejected is not the sum of the shares' : '',
    now.savedRecords !== saved ? 'I3 saved is not the sum of the shares' : '',
    now.chunkingSealed && now.totalRecords !== records ? 'I3 the total is not the sum of the chunks' : '',
    isEnded && (!now.chunkingSealed || isOpen) ? 'I4 ended unsealed or with something open' : ''
  ].filter((fault) => fault !== '')
}

function epochsThatFell(before: ModelState, after: ModelState): string[] {
  const fell = (was: Readonly<Record<string, { epoch: number }>>, now: typeof was) =>
    Object.entries(was).filter(([id, { epoch }]) => (now[id]?.epoch ?? epoch) < epoch)
  return [...fell(before.chunks, after.chunks), ...fell(before.ranges, after.ranges)].map(
    ([id]) => `I5 the epoch fell: ${id}`
  )
}
