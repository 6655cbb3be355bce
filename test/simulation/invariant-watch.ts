import { isTerminal } from '@marc-migrations/domain'
import type { OperationStatus } from '@marc-migrations/domain'
import type { ChunkRow, ModelState, OperationRow } from '../model/state.ts'
import type { History } from './history.ts'

/** The edges of the contract, and those a retry or a cancel adds. */
const MOVES: Readonly<Record<OperationStatus, readonly OperationStatus[]>> = {
  NEW: ['DATA_MAPPING', 'DATA_MAPPING_FAILED'],
  DATA_MAPPING: ['DATA_MAPPING_COMPLETED', 'DATA_MAPPING_FAILED'],
  DATA_MAPPING_COMPLETED: ['DATA_SAVING', 'DATA_MAPPING'],
  DATA_MAPPING_FAILED: ['DATA_MAPPING', 'DATA_SAVING'],
  DATA_SAVING: ['DATA_SAVING_COMPLETED', 'DATA_SAVING_FAILED', 'DATA_MAPPING'],
  DATA_SAVING_COMPLETED: ['DATA_MAPPING'],
  DATA_SAVING_FAILED: ['DATA_SAVING', 'DATA_MAPPING']
}
const MAY_LOWER_COUNTERS = new Set(['control.retryMapping', 'control.startSaving'])

type Fail = (invariant: string, message: string) => void

/** Looks after every single statement: there is no moment between two of them at which an invariant may be broken. */
export class InvariantWatch {
  private readonly history: History
  private readonly counted = new Set<string>()

  constructor(history: History) {
    this.history = history
  }

  /** I5: a count that commits is the only one of its chunk, stage and epoch. */
  countCommitted(chunkId: string, stage: string, epoch: number): void {
    const key = `${chunkId}/${stage}/${epoch}`
    if (this.counted.has(key)) this.history.violate('I5', `counted twice: ${key}`)
    this.counted.add(key)
  }

  look(statement: string, before: ModelState, after: ModelState): void {
    if (before.operations === after.operations && before.chunks === after.chunks && hasSameKeys(before.armed, after.armed))
      return
    const chunks = byOperation(after)
    for (const operation of Object.values(after.operations)) {
      const fail: Fail = (invariant, message) =>
        this.history.violate(invariant, `after ${statement}: ${operation.id} ${message}`)
      const own = chunks.get(operation.id) ?? []
      lookAtSums(operation, own, fail)
      lookAtMoves(statement, before.operations[operation.id], operation, fail)
      for (const chunk of own) lookAtChunk(before.chunks[chunk.id], chunk, operation, fail)
      lookAtEnd(operation, own, after, fail)
    }
  }
}

/** Most statements only move times on armed rows. */
function hasSameKeys(one: object, other: object): boolean {
  return (
    one === other || (Object.keys(one).length === Object.keys(other).length && Object.keys(one).every((key) => key in other))
  )
}

function byOperation({ chunks }: ModelState): ReadonlyMap<string, readonly ChunkRow[]> {
  const found = new Map<string, ChunkRow[]>()
  for (const chunk of Object.values(chunks)) {
    const own = found.get(chunk.operationId)
    if (own === undefined) found.set(chunk.operationId, [chunk])
    else own.push(chunk)
  }
  return found
}

/** I3 */
function lookAtSums(operation: OperationRow, chunks: readonly ChunkRow[], fail: Fail): void {
  let [mapped, rejected, saved, records] = [0, 0, 0, 0]
  for (const chunk of chunks) {
    mapped += chunk.mappedShare
    rejected += chunk.rejectedShare
    saved += chunk.savedShare
    records += chunk.recordCount
  }
  if (mapped !== operation.mappedRecords) fail('I3', `mapped ${operation.mappedRecords}, chunks say ${mapped}`)
  if (rejected !== operation.rejectedRecords) fail('I3', `rejected ${operation.rejectedRecords}, chunks say ${rejected}`)
  if (saved !== operation.savedRecords) fail('I3', `saved ${operation.savedRecords}, chunks say ${saved}`)
  if (!operation.chunkingSealed) return
  if (records !== operation.totalRecords) fail('I3', `total ${operation.totalRecords}, chunks say ${records}`)
  if (mapped + rejected > records) fail('I3', `${mapped} + ${rejected} of ${records}`)
}

/** I3 and I8 */
function lookAtMoves(statement: string, before: OperationRow | undefined, operation: OperationRow, fail: Fail): void {
  if (before === undefined || before === operation) return
  if (before.status !== operation.status && !MOVES[before.status].includes(operation.status)) {
    fail('I8', `${before.status} to ${operation.status}`)
  }
  if (before.chunkingSealed) {
    if (!operation.chunkingSealed) fail('I4', 'the seal was broken')
    const moved = operation.totalRecords - before.totalRecords
    if (moved !== operation.driftRecords - before.driftRecords) fail('I3', `total moved by ${moved} without drift`)
  }
  const fell =
    operation.mappedRecords < before.mappedRecords ||
    operation.rejectedRecords < before.rejectedRecords ||
    operation.savedRecords < before.savedRecords
  if (fell && !MAY_LOWER_COUNTERS.has(statement)) fail('I3', 'a counter fell')
}

/** I5 */
function lookAtChunk(before: ChunkRow | undefined, chunk: ChunkRow, operation: OperationRow, fail: Fail): void {
  if (before !== undefined && chunk.epoch < before.epoch) fail('I5', `epoch of ${chunk.id} fell to ${chunk.epoch}`)
  if (chunk.leaseOwner === null) return
  if (chunk.nextAttemptAt === null || chunk.stage !== operation.status) fail('I5', `${chunk.id} is leased, and not to be`)
}

/** I4, I7, I11 */
function lookAtEnd(operation: OperationRow, chunks: readonly ChunkRow[], state: ModelState, fail: Fail): void {
  const armed = state.armed[operation.id] !== undefined
  if (!isTerminal(operation.status)) {
    if (!armed) fail('I7', `${operation.status} and not armed`)
    return
  }
  if (armed) fail('I4', `${operation.status} and still armed`)
  if (state.secrets[operation.id] !== undefined) fail('I11', `${operation.status}, and its credentials are kept`)
  if (operation.stopReason !== null) {
    if (operation.stopReason === 'broken invariant') fail('I1', 'ended with a broken invariant')
    return
  }
  if (!operation.chunkingSealed) fail('I4', `${operation.status} without a seal`)
  if (chunks.some(({ nextAttemptAt }) => nextAttemptAt !== null)) fail('I4', `${operation.status} with open chunks`)
}
