import type { Logger } from '@marc-migrations/domain'

/** Where PostgreSQL is, as the DB_ settings name it. */
export interface ConnectionOptions {
  readonly host: string
  readonly port: number
  readonly database: string
  readonly username: string
  readonly password: string
}

export interface MigrationOptions extends ConnectionOptions {
  readonly logger: Logger
  /** Directory with `control` and `tenant`; the one of this repository when absent. A bundle names its own. */
  readonly migrationsDir?: string
}

/** Limits of one call, as the DB_ settings name them; those of the protocol's specification where absent. */
export interface CallLimits {
  readonly connectTimeoutMs?: number
  /** How long the client waits; a second more than the server does. */
  readonly queryTimeoutMs?: number
  readonly statementTimeoutMs?: number
  readonly lockTimeoutMs?: number
  readonly idleInTransactionMs?: number
}

export interface ReaderOptions {
  readonly host: string
  /** That of the primary when absent. */
  readonly port?: number
}

export interface StoreOptions extends MigrationOptions, CallLimits {
  /** Connections of this process, DB_MAXSHAREDPOOLSIZE; one more listens for wakes. */
  readonly maxPoolSize: number
  /** Connections kept however long they idle, DB_MINSHAREDPOOLSIZE; none when absent. */
  readonly minPoolSize?: number
  /** How long others may idle, DB_CONNECTIONRELEASEDELAY. */
  readonly idleTimeoutMs?: number
  /** Age at which a connection is replaced by a fresh one, DB_MAX_LIFETIME; to the second. */
  readonly maxLifetimeMs?: number
  /** A read replica for the records of chunks, DB_HOST_READER. */
  readonly reader?: ReaderOptions
  /** S3_SUB_PATH: the names of losing attempts' objects follow from it. */
  readonly subPath: string
  /** Secret that seals stored request headers, TOKEN_KEY; derived from the password when absent. */
  readonly tokenKey?: string
}
