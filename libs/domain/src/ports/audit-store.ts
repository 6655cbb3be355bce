import type { ChunkView } from '../chunk.ts'

/** A chunk with everything an auditor holds against its files. */
export interface AuditChunk extends ChunkView {
  /** Epoch of the attempt whose mapping was counted; null before. */
  readonly fileEpoch: number | null
  readonly mappingStep: {
    readonly status: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED'
    readonly errors: number
    readonly rejectedKey: string | null
    readonly reasonsKey: string | null
  } | null
}

/** Sums over the rows of one operation, read in one statement. */
export interface AuditSums {
  readonly chunks: number
  readonly openChunks: number
  readonly recordCount: number
  readonly mapped: number
  readonly rejected: number
  readonly saved: number
  readonly unsavedChunks: number
  readonly openRanges: number
  readonly armed: boolean
  readonly saveLockHeld: boolean
}

/** What stands in the tables, for whoever checks it. Reads only. */
export interface AuditStore {
  /** Ids of the tenant's operations, oldest first. */
  operationIds(tenant: string): Promise<readonly string[]>
  sums(tenant: string, operationId: string): Promise<AuditSums>
  /** By position; pages are read as the iteration goes. */
  chunks(tenant: string, operationId: string): AsyncIterable<AuditChunk>
}
