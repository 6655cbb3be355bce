import type { Claim } from '@marc-migrations/domain'
import { emptyState, lockKey, withRow } from '../state.ts'
import type { ArmedRow, ChunkRow, ModelState, OperationRow, SaveLockRow } from '../state.ts'
import { registerNode, startOperation } from '../twins/index.ts'
import { NOW, TENANT } from './world.ts'

/** Two operations of one tenant and entity type, so that they save one after the other: of two chunks, and of one. */
export const OPERATIONS = { a: ['a0', 'a1'], b: ['b0'] } as const
export const RECORDS = 10

export interface SavingWorld {
  readonly tables: ModelState
  readonly workers: readonly SavingWorker[]
  readonly hints: readonly string[]
  /** Chunks whose records the storage module has. */
  readonly stored: readonly string[]
  readonly left: SavingBudget
}

export type SavingWorker =
  | { readonly is: 'idle' }
  /** Has read the operation and not yet come to the chunk. */
  | { readonly is: 'claiming'; readonly seen: OperationRow; readonly chunkId: string }
  | {
      readonly is: 'saving'
      readonly claim: Claim
      /** Its lease has run out, by its own clock as well. */
      readonly over: boolean
      /** What the storage module said. */
      readonly said: 'nothing' | 'saved' | 'failed'
    }

/** How often what need not happen may still happen. */
export interface SavingBudget {
  /** Crashes, leases that lapse under their holder, chunks given back, messages lost and doubled, savings refused. */
  readonly faults: number
  readonly releases: number
  /** Savings that are asked for again, or for some chunks only. */
  readonly repeats: number
  readonly retries: number
  readonly pauses: number
  readonly cancels: number
  /** Claims that look at the operation, and come to the chunk later on. */
  readonly looks: number
}

export const lockOf = ({ saveLocks }: ModelState): SaveLockRow | undefined => saveLocks[lockKey(TENANT, 'authority')]

export const operationsOf = ({ operations }: ModelState): readonly OperationRow[] => Object.values(operations)

/** Both are mapped to their end. */
export function firstSavingWorld(left: SavingBudget): SavingWorld {
  const start = { now: NOW, random: () => 0, newId: () => 'r' }
  let tables = emptyState()
  for (const [id, chunkIds] of Object.entries(OPERATIONS)) {
    const draft = { userId: 'u', entityType: 'authority', operationType: 'remapping', source: null } as const
    const total = RECORDS * chunkIds.length
    tables = startOperation(tables, start, { ...draft, id, tenant: TENANT, totalRecords: total }).state
    tables = withRow(tables, 'operations', id, {
      ...(tables.operations[id] as OperationRow),
      ...{ status: 'DATA_MAPPING_COMPLETED', chunkingSealed: true, rulesHash: 'h', mappedRecords: total }
    })
    chunkIds.forEach((chunkId, position) => {
      tables = withRow(tables, 'chunks', chunkId, mappedChunk(id, chunkId, position))
    })
  }
  const self = { id: 'w', kind: 'worker', version: '1', host: 'h', pid: 1, slots: 8 } as const
  tables = registerNode(tables, start, self, 5000).state
  const workers: readonly SavingWorker[] = [{ is: 'idle' }, { is: 'idle' }]
  return { tables: { ...tables, ranges: {}, armed: {} }, workers, hints: [], stored: [], left }
}

function mappedChunk(operationId: string, id: string, position: number): ChunkRow {
  return {
    ...{ id, operationId, position, recordCount: RECORDS, mappedShare: RECORDS, rejectedShare: 0, savedShare: 0 },
    window: { kind: 'ids', startRecordId: id, endRecordId: id },
    ...{ status: 'DATA_MAPPING_COMPLETED', stage: 'DATA_MAPPING', prior: null, rulesHash: 'h' },
    ...{ nextAttemptAt: null, publishedAt: null, publishSteps: 0, leaseOwner: null, leaseUntil: null },
    ...{ epoch: 1, attempts: 0, stepId: null, fileEpoch: 1, savedEpoch: null },
    entities: { key: id, lengthBytes: RECORDS, sha256: id },
    ...{ savingUnknown: false, retryReasonsKey: null }
  }
}

/**
 * The tables after a statement, without what no later statement reads. The clock stands, so whoever was armed last is given the last
 * place in the queue here, and what waits is due.
 */
export function settledSaving(tables: ModelState): ModelState {
  const waiting = Object.values(tables.armed).sort((one, other) => one.armedAt - other.armedAt)
  const armed = Object.fromEntries(
    waiting.map((row, place): [string, ArmedRow] => [row.operationId, { ...row, armedAt: FIRST_PLACE + place }])
  )
  return { ...tables, armed, tombstones: {}, reports: {}, secrets: {} }
}

/** Before now: a row that is armed now comes behind all that were. */
const FIRST_PLACE = 1
