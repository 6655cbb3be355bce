/** What is migrated. `authority` maps with the rules of marc-authority, `instance` with those of marc-bib. */
export const entityTypes = ['authority', 'instance'] as const
export type EntityType = (typeof entityTypes)[number]

/** `remapping` reads FOLIO's stored records, `import` a file that was uploaded. */
export const operationTypes = ['remapping', 'import'] as const
export type OperationType = (typeof operationTypes)[number]

/** The statuses of FOLIO's contract, spelled as the database spells them; the API sends them in lower case. */
export const operationStatuses = [
  'NEW',
  'DATA_MAPPING',
  'DATA_MAPPING_COMPLETED',
  'DATA_MAPPING_FAILED',
  'DATA_SAVING',
  'DATA_SAVING_COMPLETED',
  'DATA_SAVING_FAILED'
] as const
export type OperationStatus = (typeof operationStatuses)[number]

/** The two stages of an operation; a chunk is enlisted for one of them at a time. */
export type Stage = 'DATA_MAPPING' | 'DATA_SAVING'

/** Control is not status: a paused operation keeps its status, nothing of it is published or claimed. */
export type Control = 'run' | 'pause' | 'cancel'

/** Formats of a source file. Only `iso2709` and `jsonl` in a plain file can be read by range. */
export const fileFormats = ['iso2709', 'marcxml', 'json', 'jsonl', 'mrk'] as const
export type FileFormat = (typeof fileFormats)[number]

/** The uploaded file an import reads, as it was when the operation started. */
export interface FileSource {
  readonly name: string
  /** As recognised when it was uploaded; what a gzip file holds is told when it is read. */
  readonly format: FileFormat | 'gzip'
  /** Key in the object store; a later upload under the same name gets another. */
  readonly objectKey: string
  /** Sent as If-Match by every read, so that a file changed from outside stops the operation. */
  readonly etag: string
  readonly lengthBytes: number
}

/** One row of `operation`, its tenant beside it. Times are UTC. */
export interface Operation {
  readonly id: string
  readonly tenant: string
  readonly userId: string
  readonly entityType: EntityType
  readonly operationType: OperationType
  readonly status: OperationStatus
  readonly control: Control
  readonly stopReason: string | null
  readonly totalRecords: number
  readonly mappedRecords: number
  readonly rejectedRecords: number
  readonly savedRecords: number
  /** Records that came (+) or went (-) since the split; already part of the total. */
  readonly driftRecords: number
  readonly chunkingSealed: boolean
  /** Hash of the frozen rules of the running mapping, `unavailable`, or null before the freeze. */
  readonly rulesHash: string | null
  readonly source: FileSource | null
  /** Sent with each bulk call of the saving; null = the storage module gets no flag. */
  readonly publishEvents: boolean | null
  /** The operation that has the right to save, while this one waits for it in DATA_SAVING. */
  readonly waitingFor: string | null
  readonly createdAt: Date
  readonly startTimeMapping: Date | null
  readonly endTimeMapping: Date | null
  readonly startTimeSaving: Date | null
  readonly endTimeSaving: Date | null
}

export function isTerminal(status: OperationStatus): boolean {
  return status.endsWith('_COMPLETED') || status.endsWith('_FAILED')
}
