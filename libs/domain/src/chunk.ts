import type { EntityType, FileSource, OperationStatus, OperationType, Stage } from './operation.ts'

/** What a message says: "this chunk may be ready". Losing, doubling or reordering hints harms nothing. */
export interface Hint {
  readonly v: 1
  readonly tenant: string
  readonly operationId: string
  readonly chunkId: string
  readonly step: Stage
  /** Epoch the chunk had when it was published; for the log only. */
  readonly attempt: number
}

/** Where the records of a chunk stand in the source. */
export type ChunkWindow =
  | { readonly kind: 'ids'; readonly startRecordId: string; readonly endRecordId: string }
  | { readonly kind: 'bytes'; readonly offset: number; readonly length: number; readonly firstRecordIndex: number }
  /** Written once by the splitter as an object of its own: gz, MARCXML, JSON array, other encodings. */
  | { readonly kind: 'object'; readonly objectKey: string; readonly firstRecordIndex: number }

/** A chunk as the splitter cuts it. */
export interface NewChunk {
  readonly id: string
  /** Place in the source, ascending from 0 within one range; orders the results. */
  readonly position: number
  readonly recordCount: number
  readonly window: ChunkWindow
}

/** A chunk under a lease. Every later write names its epoch; a higher epoch fences it. */
export interface Claim {
  readonly tenant: string
  readonly operationId: string
  readonly chunkId: string
  readonly stepId: string
  readonly stage: Stage
  readonly epoch: number
  /** Attempts used up before this one; from MAX_ATTEMPTS on the chunk is failed instead of tried. */
  readonly attempts: number
  readonly position: number
  readonly recordCount: number
  readonly window: ChunkWindow
  readonly rulesHash: string | null
  readonly entityType: EntityType
  readonly operationType: OperationType
  readonly source: FileSource | null
  /** The counted result of the mapping, for the saving stage; null while mapping. */
  readonly mapped: StoredFile | null
}

/** An object that a counted attempt left behind. */
export interface StoredFile {
  readonly key: string
  readonly lengthBytes: number
  readonly sha256: string
}

/** What one attempt made of its chunk. The files stand before the tally is counted. */
export type Tally =
  | {
      readonly stage: 'DATA_MAPPING'
      readonly mapped: number
      readonly rejected: number
      readonly entities: StoredFile | null
      readonly rejectedKey: string | null
      readonly reasonsKey: string | null
    }
  | {
      readonly stage: 'DATA_SAVING'
      readonly saved: number
      readonly failed: number
      readonly rejectedKey: string | null
      readonly reasonsKey: string | null
    }

/** One chunk as lists and auditors see it. */
export interface ChunkView {
  readonly id: string
  readonly operationId: string
  readonly position: number
  readonly status: OperationStatus
  readonly stage: Stage
  readonly recordCount: number
  readonly mappedRecords: number
  readonly rejectedRecords: number
  readonly savedRecords: number
  readonly epoch: number
  readonly attempts: number
  readonly open: boolean
  readonly leaseOwner: string | null
  readonly rulesHash: string | null
  readonly window: ChunkWindow
  readonly entities: StoredFile | null
  readonly rejectedKey: string | null
  readonly reasonsKey: string | null
}

/** Counted attempts after which a chunk is failed and all its records rejected with a reason. */
export const MAX_ATTEMPTS = 5
