import { isTerminal } from '@marc-migrations/domain'
import { chunksOf } from '../state.ts'
import type { ChunkRow, ModelState, OperationRow } from '../state.ts'
import { lockOf, operationsOf } from './saving-world.ts'
import type { SavingWorker, SavingWorld } from './saving-world.ts'
import { LAPSED, NOW } from './world.ts'

/** What is broken in a world, by the invariant's name; undefined when nothing is. */
export function savingFaultOf({ tables, workers, stored }: SavingWorld): string | undefined {
  for (const operation of operationsOf(tables)) {
    const chunks = chunksOf(tables, operation.id)
    const fault =
      countersFault(operation, chunks) ?? endFault(tables, operation, chunks) ?? leaseFault(tables, operation, chunks)
    if (fault !== undefined) return fault
    if (chunks.some(({ id, savedShare }) => savedShare > 0 && !stored.includes(id))) return 'I10 saved and not stored'
  }
  const saving = workers.flatMap((worker) => (worker.is === 'saving' && !worker.over ? [worker.claim.operationId] : []))
  return new Set(saving).size > 1 ? 'I9 two operations are saved at once' : undefined
}

function countersFault(operation: OperationRow, chunks: readonly ChunkRow[]): string | undefined {
  const { savedRecords: saved, mappedRecords: mapped, totalRecords: total } = operation
  const sum = (of: (chunk: ChunkRow) => number) => chunks.reduce((rest, chunk) => rest + of(chunk), 0)
  if (saved !== sum((c) => c.savedShare)) return 'I3 saved is not the sum of the shares'
  if (mapped !== sum((c) => c.mappedShare)) return 'I3 mapped is not the sum of the shares'
  return saved > total || mapped > total ? 'I3 more than the total' : undefined
}

function endFault(tables: ModelState, operation: OperationRow, chunks: readonly ChunkRow[]): string | undefined {
  const { id, status, stopReason, savedRecords, totalRecords } = operation
  if (!isTerminal(status)) return tables.armed[id] === undefined ? 'I7 it runs and is not armed' : undefined
  if (lockOf(tables)?.operationId === id) return 'I9 the lock outlives its saving'
  if (stopReason !== null) return undefined
  if (chunks.some(({ nextAttemptAt }) => nextAttemptAt !== null)) return 'I4 ended with an open chunk'
  if (status !== 'DATA_SAVING_COMPLETED') return undefined
  const isSaved = savedRecords === totalRecords && chunks.every((chunk) => chunk.status === 'DATA_SAVING_COMPLETED')
  return isSaved ? undefined : 'I4 completed with something unsaved'
}

function leaseFault(tables: ModelState, { id, status }: OperationRow, chunks: readonly ChunkRow[]): string | undefined {
  for (const chunk of chunks) {
    if (chunk.leaseOwner === null) continue
    if (status !== chunk.stage || chunk.status !== chunk.stage) return 'I5 a lease outlives its stage'
    const isLive = chunk.leaseUntil !== null && chunk.leaseUntil > LAPSED
    if (isLive && lockOf(tables)?.operationId !== id) return 'I9 a lease without the lock'
  }
  return undefined
}

/** Both have been saved, or have failed to be, or a user stopped them. */
export const isSavingEnd = ({ tables }: SavingWorld): boolean =>
  operationsOf(tables).every(({ status }) => status === 'DATA_SAVING_COMPLETED' || status === 'DATA_SAVING_FAILED')

/** What later moves depend on; workers are alike. */
export function savingKeyOf({ tables, workers, hints, stored, left }: SavingWorld): string {
  const lock = lockOf(tables)
  const queue = Object.values(tables.armed).sort((one, other) => one.armedAt - other.armedAt)
  const parts: unknown[] = [
    ...operationsOf(tables).map(operationKey),
    ...Object.values(tables.chunks).map(chunkKey),
    queue.map(({ operationId, stage }) => operationId + stage).join(),
    lock === undefined ? '' : `${lock.operationId}${lock.notBefore > NOW}`,
    workers.map(workerKey).sort().join(),
    hints.join(),
    stored.join(),
    ...Object.values({ ...left })
  ]
  return parts.join('|')
}

const operationKey = (o: OperationRow): string =>
  `${o.status}${o.control}${o.stopReason}${o.rulesHash}/${o.savedRecords}/${o.mappedRecords}`

function chunkKey(c: ChunkRow): string {
  const lease = c.leaseUntil === null ? '' : c.leaseUntil <= LAPSED ? 'x' : 'l'
  const flags = `${c.nextAttemptAt === null ? '' : 'o'}${c.publishedAt === null ? '' : 'p'}${lease}`
  return `${c.status}${c.stage}${c.prior}${flags}${c.epoch}/${c.savedEpoch}/${c.mappedShare}/${c.savedShare}`
}

function workerKey(worker: SavingWorker): string {
  if (worker.is === 'idle') return ''
  if (worker.is === 'claiming') return `${worker.chunkId}?${worker.seen.status}${worker.seen.control}`
  return `${worker.claim.chunkId}@${worker.claim.epoch}${worker.over}${worker.said}`
}
