import type { ChunkView, OperationStore } from '@marc-migrations/domain'
import { chunkState } from './present.ts'
import type { ChunkRunBody } from './schemas.ts'

const PAGE = 1000
export const MAX_RUNS = 2000

/**
 * All chunks of an operation as runs of equal state, in source order: a picture of a job of any size in one small answer.
 *
 * Reads the chunks page by page, so runs next to a page's edge may be a moment apart.
 */
export async function chunkRuns(operations: OperationStore, tenant: string, operationId: string) {
  const runs: ChunkRunBody[] = []
  let offset = 0
  let totalRecords = 0
  do {
    const page = await operations.chunks(tenant, operationId, { offset, limit: PAGE })
    totalRecords = page.totalRecords
    for (const chunk of page.chunks) addToRuns(runs, chunk, offset++)
    if (page.chunks.length < PAGE) break
  } while (offset < totalRecords)
  return { runs: coarsen(runs, MAX_RUNS), totalRecords }
}

function addToRuns(runs: ChunkRunBody[], chunk: ChunkView, place: number): void {
  const one: ChunkRunBody = {
    first: place,
    chunks: 1,
    state: chunkState(chunk),
    records: chunk.recordCount,
    processed: chunk.stage === 'DATA_SAVING' ? chunk.savedRecords : chunk.mappedRecords + chunk.rejectedRecords
  }
  const last = runs.at(-1)
  if (last?.state === one.state) runs[runs.length - 1] = joined(last, one)
  else runs.push(one)
}

/** Joins neighbours until no more than `most` are left; what differs becomes `mixed`. */
export function coarsen(runs: readonly ChunkRunBody[], most: number): readonly ChunkRunBody[] {
  const width = Math.ceil(runs.length / most)
  if (width <= 1) return runs
  return Array.from({ length: Math.ceil(runs.length / width) }, (_, at) =>
    runs.slice(at * width, (at + 1) * width).reduce(joined)
  )
}

function joined(left: ChunkRunBody, right: ChunkRunBody): ChunkRunBody {
  return {
    first: left.first,
    chunks: left.chunks + right.chunks,
    state: left.state === right.state ? left.state : 'mixed',
    records: left.records + right.records,
    processed: left.processed + right.processed
  }
}
