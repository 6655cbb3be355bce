import type { ChunkBus, Clock, FileFormat, Logger, NewId, ObjectStore, Operation, Stores } from '@marc-migrations/domain'
import type { StartRequest } from '@marc-migrations/flow'

/** Which adapter plays which part, by name; shown in `/admin/info` and on the page. */
export interface AdapterNames {
  readonly broker: string
  readonly objects: string
  readonly rules: string
  readonly postgres: string
}

export interface HttpSettings {
  readonly version: string
  /** S3_SUB_PATH, the first part of every object key. */
  readonly subPath: string
  /** CHUNK_RETRYING_MAX_IDS_COUNT. */
  readonly maxRetryIds: number
  /** IMPORT_ENABLED; off, `import` and uploads answer 422 as FOLIO's contract has it. */
  readonly importEnabled: boolean
  readonly expiry: {
    /** JOB_RETENTION_DAYS. */
    readonly retentionDays: number
    /** EXPIRY_DELETES_OBJECTS: whether objects go with the operations, and with a purged tenant. */
    readonly deleteObjects: boolean
  }
  /** DEFAULT_TENANT: stands in for an absent tenant header; never set in the image. */
  readonly defaultTenant?: string
  readonly adapters: AdapterNames
  /** Where the built page lies; without it `/` points to the API's documentation. */
  readonly pageDir?: string
}

/** What the REST API needs of the rest of the system. */
export interface HttpDeps {
  readonly stores: Stores
  readonly objects: ObjectStore
  readonly bus: ChunkBus
  readonly logger: Logger
  readonly clock: Clock
  readonly newId: NewId
  readonly settings: HttpSettings
  /** Commits an operation NEW and armed. */
  startOperation(request: StartRequest): Promise<Operation>
  /**
   * Judges an `X-Okapi-Url` before any work is begun that would call it.
   *
   * @throws {MigrationError} OKAPI_URL_REFUSED
   */
  checkOkapiUrl(url: string): void
  /** Recognises a file by its first bytes, at most 64 KiB of them; undefined when it is none of the known formats. */
  sniffFormat(head: Uint8Array): FileFormat | 'gzip' | undefined
}
