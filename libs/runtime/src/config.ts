import type { ProtocolSettings } from '@marc-migrations/domain'

export interface DatabaseConfig {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly username: string
  readonly password: string
  /** A read replica for source records. */
  readonly hostReader?: string
  readonly maxPoolSize: number
  readonly minPoolSize: number
  readonly idleTimeoutMs: number
  readonly maxLifetimeMs: number
  readonly connectTimeoutMs: number
  /** `statement_timeout`; the client waits `queryTimeoutMs`, a second longer. */
  readonly statementTimeoutMs: number
  readonly queryTimeoutMs: number
  readonly lockTimeoutMs: number
  readonly idleInTransactionMs: number
  /** 0 = off. */
  readonly keepAliveMs: number
}

export interface KafkaConfig {
  /** `host:port`, at least one. */
  readonly brokers: readonly string[]
  readonly topicPartitions: number
  /** Absent = the broker's own default. */
  readonly replicationFactor?: number
  readonly sessionTimeoutMs: number
  readonly heartbeatMs: number
  readonly rebalanceTimeoutMs: number
  readonly maxWaitMs: number
  readonly connectionTimeoutMs: number
  readonly authenticationTimeoutMs: number
  readonly requestTimeoutMs: number
}

export interface S3Config {
  readonly kind: 's3'
  readonly url: string
  readonly region: string
  readonly bucket: string
  /** Both empty = ambient credentials. */
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly isAws: boolean
  /** Tries in all, not extra ones. */
  readonly retryCount: number
  readonly retryDelayMs: number
  readonly connectTimeoutMs: number
  readonly requestTimeoutMs: number
}

export interface DirectoryObjectsConfig {
  readonly kind: 'directory'
  /** Absolute. */
  readonly dir: string
}

export type RulesConfig =
  { readonly kind: 'default' } | { readonly kind: 'folio' } | { readonly kind: 'directory'; readonly dir: string }

/** Everything a process is told from outside, read once and frozen. */
export interface Config {
  /** Name of the deployment; begins the Kafka topic and group. */
  readonly env: string
  readonly host: string
  /** 0 = any free port. */
  readonly port: number
  /** Absent = there is none; 0 = any free port. */
  readonly adminPort?: number
  readonly adminHost: string
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace'
  readonly db: DatabaseConfig
  /** Absent = derived from the database password. */
  readonly tokenKey?: string
  readonly chunking: { readonly recordsPerChunk: number; readonly idsPerFetch: number; readonly chunksPerPage: number }
  /** Chunks in flight per worker. */
  readonly slots: number
  readonly workerThreads: number
  readonly maxChunkBytes: number
  /** Most chunk ids in one retry. */
  readonly maxRetryIds: number
  readonly protocol: ProtocolSettings
  readonly deadlines: { readonly mappingMs: number; readonly mappingPerRecordMs: number; readonly savingMs: number }
  readonly saveOutageLimitMs: number
  /** Absent = hints come from the chunk table. */
  readonly kafka?: KafkaConfig
  readonly objects: S3Config | DirectoryObjectsConfig
  /** Begins every key; no slash at either end. */
  readonly subPath: string
  readonly rules: RulesConfig
  readonly http: {
    readonly connectTimeoutMs: number
    /** Of one answer, bulk calls apart. */
    readonly timeoutMs: number
    /** Of the answer to one bulk call. */
    readonly savingCallTimeoutMs: number
  }
  readonly defaultTenant?: string
  readonly importEnabled: boolean
  readonly expiry: { readonly retentionDays: number; readonly deleteObjects: boolean }
  /** Gateway of FOLIO for requests without X-Okapi-Url. */
  readonly okapiUrl: string
  /** Origins X-Okapi-Url may name; absent = any that is not link-local. */
  readonly okapiUrlAllowed?: readonly string[]
  /** Names that were set but mean nothing here. */
  readonly ignored: readonly string[]
}
