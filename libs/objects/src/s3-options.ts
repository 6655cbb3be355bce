import type { Logger } from '@marc-migrations/domain'

/** How a process meets its object store. Names and defaults of the settings are FOLIO's. */
export interface S3StoreOptions {
  /** S3_URL */
  readonly url: string
  /** S3_REGION */
  readonly region: string
  /** S3_BUCKET; made at the start when it is missing and may be made. */
  readonly bucket: string
  /** S3_ACCESS_KEY_ID and S3_SECRET_ACCESS_KEY; both empty: instance role, environment, and what else the SDK looks at. */
  readonly accessKeyId: string
  readonly secretAccessKey: string
  /** S3_IS_AWS; false addresses the bucket by path, except on the hosts of AWS. */
  readonly isAws: boolean
  /** S3_SUB_PATH; here only for the object that `check` writes. */
  readonly subPath: string
  /** S3_RETRY_COUNT: tries in all, 1 or more. */
  readonly retryCount: number
  /** S3_RETRY_DELAY_MS: delay before the second try; it doubles from there. */
  readonly retryDelayMs: number
  readonly connectTimeoutMs: number
  /** Longest wait for an answer, and longest silence while a body is read. */
  readonly requestTimeoutMs: number
  /** MAX_CHUNK_BYTES: larger objects are uploaded in parts. */
  readonly maxChunkBytes: number
  readonly logger: Logger
}
