import { chunkObjectNames } from '@marc-migrations/domain'
import type { Claim, SplitRange } from '@marc-migrations/domain'
import { emptyState, withRow } from '../state.ts'
import type { At, ChunkRow, ModelState, OperationRow } from '../state.ts'
import { registerNode, startOperation } from '../twins/index.ts'

/** The clock stands: leases lapse, hints age, when the adversary says so. */
export const NOW = 1_000_000
export const LAPSED = NOW - 1
export const OPERATION = 'o'
export const TENANT = 'diku'

/** Tables, what the processes have in their memories, the messages under way, the object store, and what may still happen. */
export interface World {
  readonly tables: ModelState
  readonly workers: readonly Worker[]
  readonly splitters: readonly (SplitRange | null)[]
  readonly checkers: readonly (Look | null)[]
  readonly canceller: Look | null
  /** Chunks that a message is under way for; a doubled one is one that is delivered and stays. */
  readonly hints: readonly string[]
  /** Attempt that wrote the object last, by name. */
  readonly objects: Readonly<Record<string, string>>
  /** Shares counted on the chunk and not yet on the operation: only where a mutation takes them apart. */
  readonly uncounted: readonly { readonly mapped: number; readonly rejected: number }[]
  readonly left: Budget
}

export type Worker =
  | { readonly is: 'idle' }
  /** Has read the operation and not yet come to the chunk. */
  | { readonly is: 'claiming'; readonly seen: OperationRow; readonly chunkId: string }
  | { readonly is: 'claimed'; readonly claim: Claim }
  | { readonly is: 'uploaded'; readonly claim: Claim; readonly key: string }

/** What a statement saw when it began and may no longer be so. */
export interface Look {
  readonly operation: OperationRow
  readonly chunks: readonly ChunkRow[]
}

/** How often what need not happen may still happen. */
export interface Budget {
  /** Crashes, leases that lapse under their holder, chunks given back. */
  readonly faults: number
  readonly retries: number
  readonly pauses: number
  readonly cancels: number
}

export const at = (tables: ModelState): At => ({
  now: NOW,
  random: () => 0,
  newId: () => `id${Object.keys(tables.steps).length}`
})

export function firstWorld(left: Budget): World {
  let tables = emptyState()
  const source = { name: 's', format: 'jsonl', objectKey: 's', etag: 's', lengthBytes: 2 } as const
  const draft = { userId: 'u', entityType: 'authority', operationType: 'import', source, totalRecords: 0 } as const
  const start = { now: NOW, random: () => 0, newId: () => 'r' }
  tables = startOperation(tables, start, { ...draft, id: OPERATION, tenant: TENANT }).state
  const self = { id: 'w', kind: 'worker', version: '1', host: 'h', pid: 1, slots: 8 } as const
  tables = registerNode(tables, start, self, 5000).state
  return {
    tables,
    workers: [{ is: 'idle' }, { is: 'idle' }],
    splitters: [null, null],
    checkers: [null, null],
    canceller: null,
    hints: [],
    objects: {},
    uncounted: [],
    left
  }
}

/** The tables after a statement, without what no later statement reads: so that worlds which go on alike are alike. */
export function settled(tables: ModelState): ModelState {
  return { ...tables, tombstones: {}, reports: {}, secrets: {} }
}

export function lapse(tables: ModelState, chunk: ChunkRow): ModelState {
  return withRow(tables, 'chunks', chunk.id, { ...chunk, leaseUntil: LAPSED })
}

export function objectName({ operationId, chunkId, stepId, epoch }: Claim): string {
  return chunkObjectNames('test', { operationId, chunkId, stepId, epoch }).entities
}

/** An attempt by the rules it maps with: what stands in its file. */
export const attemptOf = ({ chunkId, epoch, rulesHash }: Claim): string => `${chunkId}@${epoch}/${rulesHash}`
