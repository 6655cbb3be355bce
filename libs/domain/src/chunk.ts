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
  /** What is to be saved, for the saving stage; null while mapping. */
  readonly saving: SavingWork | null
}

/** What a saving attempt knows of its chunk. */
export interface SavingWork {
  /** The counted result of the mapping; null when no record of the chunk was mapped. */
  readonly file: StoredFile | null
  /** Records in that file. */
  readonly recordCount: number
  /** Null = the storage module gets no flag and follows its own default. */
  readonly publishEvents: boolean | null
  /** Reasons of the saving before this one, when it failed in part: only the records it names are sent again. */
  readonly retryReasonsKey: string | null
  /** An earlier call for this file may have been applied without anyone hearing of it. */
  readonly outcomeUnknown: boolean
  /** How long the storage module has not answered any call of this operation; null when it answered last time. */
  readonly silentForMs: number | null
}

/** An object that a counted attempt left behind. */
export interface StoredFile {
  readonly key: string
  readonly lengthBytes: number
  /** Lower-case hex; empty for a file of the module replaced, which kept neither length nor hash. */
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
      /** The last call may have been applied all the same; the next saving of this chunk has to know. */
      readonly outcomeUnknown: boolean
      /** The storage module gave an answer, whatever it said. */
      readonly answered: boolean
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
