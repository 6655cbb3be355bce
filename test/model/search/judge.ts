import { isTerminal } from '@marc-migrations/domain'
import { chunksOf } from '../state.ts'
import type { ChunkRow, OperationRow } from '../state.ts'
import { LAPSED, OPERATION } from './world.ts'
import type { Worker, World } from './world.ts'

/** What is broken in a world, by the invariant's name; undefined when nothing is. */
export function faultOf({ tables, objects }: World): string | undefined {
  const operation = tables.operations[OPERATION] as OperationRow
  const chunks = chunksOf(tables, OPERATION)
  return countersFault(operation, chunks) ?? endFault(operation, chunks) ?? chunksFault(operation, chunks, objects)
}

function countersFault(operation: OperationRow, chunks: readonly ChunkRow[]): string | undefined {
  const { mappedRecords: mapped, rejectedRecords: rejected, totalRecords: total, chunkingSealed } = operation
  const sum = (of: (chunk: ChunkRow) => number) => chunks.reduce((rest, chunk) => rest + of(chunk), 0)
  if (mapped !== sum((c) => c.mappedShare) || rejected !== sum((c) => c.rejectedShare)) {
    return 'I3 counters are not the sums of the shares'
  }
  if (!chunkingSealed) return undefined
  if (total !== sum((c) => c.recordCount)) return 'I3 the total is not the sum of the chunks'
  return mapped + rejected > total ? 'I3 more than the total' : undefined
}

function endFault({ status, stopReason, chunkingSealed, rejectedRecords }: OperationRow, chunks: readonly ChunkRow[]) {
  if (stopReason === 'broken invariant') return 'I4 ended with sums that do not close'
  if (!isTerminal(status) || stopReason !== null) return undefined
  if (!chunkingSealed) return 'I4 ended unsealed'
  if (chunks.some(({ nextAttemptAt }) => nextAttemptAt !== null)) return 'I4 ended with an open chunk'
  return (status === 'DATA_MAPPING_COMPLETED') === (rejectedRecords === 0) ? undefined : 'I4 the wrong verdict'
}

function chunksFault(operation: OperationRow, chunks: readonly ChunkRow[], objects: World['objects']): string | undefined {
  const places = chunks.map(({ window }) => (window.kind === 'bytes' ? window.offset : -1))
  if (new Set(places).size < places.length) return 'I1 two chunks of the same records'
  if (operation.chunkingSealed && places.length !== 2) return 'I1 sealed with records left out'
  for (const chunk of chunks) {
    if (chunk.leaseOwner !== null && (operation.status !== chunk.stage || chunk.status !== chunk.stage)) {
      return 'I5 a lease outlives its stage'
    }
    if (chunk.mappedShare === 0) continue
    const counted = `${chunk.id}@${chunk.fileEpoch}/${chunk.rulesHash}`
    if (objects[chunk.entities?.key ?? ''] !== counted) return 'I2 the file is not that of the attempt that was counted'
  }
  return undefined
}

/** The mapping is over, or a user stopped it. */
export const isEnd = ({ tables }: World): boolean => isTerminal((tables.operations[OPERATION] as OperationRow).status)

/** What later moves depend on; workers are alike, and so are splitters and checkers. */
export function keyOf(world: World): string {
  const { tables, workers, splitters, checkers, canceller, hints, objects, uncounted, left } = world
  const operation = tables.operations[OPERATION] as OperationRow
  const chunks = chunksOf(tables, OPERATION)
  const range = Object.values(tables.ranges)[0]
  const parts: unknown[] = [
    operationKey(operation),
    tables.armed[OPERATION] === undefined ? 0 : 1,
    range === undefined ? '' : `${range.cursor}${range.epoch}${leaseKey(range)}${range.done}`,
    ...chunks.map(chunkKey),
    workers
      .map((worker) => workerKey(worker, objects))
      .sort()
      .join(),
    splitters
      .map((held) => (held === null ? '' : `${held.cursor}${held.epoch}`))
      .sort()
      .join(),
    hints.join(),
    left.faults,
    left.retries,
    left.pauses,
    left.cancels
  ]
  // Only mutations leave something here.
  const looks = [...checkers, canceller].filter((look) => look !== null)
  if (looks.length > 0 || uncounted.length > 0) {
    parts.push(
      looks.map((look) => `${look.chunks.map(chunkKey).join()}`).join('+'),
      canceller !== null,
      JSON.stringify(uncounted)
    )
  }
  for (const chunk of chunks) {
    const written = chunk.entities === null ? undefined : objects[chunk.entities.key]
    if (written !== undefined) parts.push(written)
  }
  return parts.join('|')
}

function operationKey(o: OperationRow): string {
  return `${o.status}${o.control}${o.stopReason}${o.chunkingSealed}${o.rulesHash}/${o.mappedRecords}/${o.rejectedRecords}/${o.totalRecords}`
}

function chunkKey(c: ChunkRow): string {
  const flags = `${c.nextAttemptAt === null ? '' : 'o'}${c.publishedAt === null ? '' : 'p'}${leaseKey(c)}`
  const shares = `${c.recordCount}/${c.mappedShare}/${c.rejectedShare}`
  return `${c.position}${c.status}${c.prior}${flags}${c.epoch}/${c.fileEpoch}${c.rulesHash}/${shares}`
}

const leaseKey = ({ leaseUntil }: { readonly leaseUntil: number | null }): string =>
  leaseUntil === null ? '' : leaseUntil <= LAPSED ? 'x' : 'l'

function workerKey(worker: Worker, objects: World['objects']): string {
  if (worker.is === 'idle') return ''
  if (worker.is === 'claiming') {
    const { status, control, rulesHash } = worker.seen
    return `${worker.chunkId}?${status}${control}${rulesHash}`
  }
  const { chunkId, epoch, rulesHash } = worker.claim
  return `${chunkId}@${epoch}/${rulesHash}:${worker.is === 'claimed' ? '' : objects[worker.key]}`
}
