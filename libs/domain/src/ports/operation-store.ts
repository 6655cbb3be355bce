import type { ChunkView } from '../chunk.ts'
import type { EntityType, FileSource, Operation, OperationType } from '../operation.ts'

export interface OperationDraft {
  readonly id: string
  readonly tenant: string
  readonly userId: string
  readonly entityType: EntityType
  readonly operationType: OperationType
  readonly source: FileSource | null
  /** Stands until count or seal know better. */
  readonly totalRecords: number
  /** The same key of the same tenant answers the same operation for 24 h. */
  readonly idempotencyKey?: string
  /** Okapi headers the stage needs later, the token among them; stored encrypted, deleted when the stage ends. */
  readonly headers?: Readonly<Record<string, string>>
}

export interface OperationPage {
  readonly offset: number
  readonly limit: number
  readonly entityType?: EntityType
}

export interface ChunkPage {
  readonly offset: number
  readonly limit: number
  /** Only chunks that are open, or that end failed. */
  readonly only?: 'open' | 'failed'
}

/** Operations as the API starts and shows them. All methods throw STORE_UNAVAILABLE and TENANT_UNKNOWN. */
export interface OperationStore {
  /** Operation, empty error report, first split range and armed row in one transaction. */
  start(draft: OperationDraft): Promise<Operation>
  get(tenant: string, operationId: string): Promise<Operation | null>
  /** Newest start of the mapping first, those not yet started before them, then by id. */
  list(tenant: string, page: OperationPage): Promise<{ operations: readonly Operation[]; totalRecords: number }>
  /** By position. */
  chunks(
    tenant: string,
    operationId: string,
    page: ChunkPage
  ): Promise<{ chunks: readonly ChunkView[]; totalRecords: number }>
  /** The total the count found, written only while the split is not sealed. */
  setTotal(tenant: string, operationId: string, totalRecords: number): Promise<void>
  /**
   * Deletes operations whose mapping began more than so many days ago, rows and, by tombstones, objects; running ones are
   * spared, those that never began are kept.
   *
   * @returns ids of what is gone
   */
  expire(
    tenant: string,
    expiry: { readonly olderThanDays: number; readonly deleteObjects: boolean }
  ): Promise<readonly string[]>
}

/** Okapi headers of the request that starts a stage anew; those of the stage before were deleted with its end. */
export type StageHeaders = Readonly<Record<string, string>>

export interface SavingOptions {
  readonly headers?: StageHeaders
  /** What a PUT said, null when it said null; absent: as an earlier saving of the operation had it, else true. */
  readonly publishEvents?: boolean | null
  /** Also after a mapping that rejected records: what was mapped is saved. Never when it was stopped before its end. */
  readonly allowRejected?: boolean
}

/** A user's word on an operation. Each is one transaction on the locked operation. */
export interface ControlStore {
  pause(tenant: string, operationId: string): Promise<ControlAnswer>
  resume(tenant: string, operationId: string): Promise<ControlAnswer>
  /** Fences every open chunk and range; the stage ends FAILED with the stop reason. */
  cancel(tenant: string, operationId: string, stopReason: string): Promise<ControlAnswer>
  /** Maps the listed chunks again (null: what failed or is open); allowed from every status. */
  retryMapping(
    tenant: string,
    operationId: string,
    chunkIds: readonly string[] | null,
    headers?: StageHeaders
  ): Promise<ControlAnswer>
  /** Enlists for saving: what is not saved (null), or the listed chunks. */
  startSaving(
    tenant: string,
    operationId: string,
    chunkIds: readonly string[] | null,
    options?: SavingOptions
  ): Promise<ControlAnswer>
  /** Takes the saving right of a tenant and entity type from its owner, whose chunks are fenced first. */
  releaseSaveLock(tenant: string, entityType: EntityType): Promise<string | null>
}

/** `before` is the operation as it was when the lock was had; `forbidden` changed nothing. */
export type ControlAnswer =
  { readonly outcome: 'done' | 'forbidden'; readonly before: Operation } | { readonly outcome: 'unknown' }
