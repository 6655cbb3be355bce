import { S3Client, type S3ClientConfig } from '@aws-sdk/client-s3'
import type { S3StoreOptions } from './s3-options.ts'

type RetryStrategy = Extract<NonNullable<S3ClientConfig['retryStrategy']>, { acquireInitialRetryToken: unknown }>
type RetryToken = Awaited<ReturnType<RetryStrategy['acquireInitialRetryToken']>>

const AWS_HOST = /(^|\.)amazonaws\.com(\.cn)?$/

/** The SDK's client under our settings. */
export function s3Client(options: S3StoreOptions): S3Client {
  const host = new URL(options.url).hostname
  const ambient = options.accessKeyId === '' && options.secretAccessKey === ''
  return new S3Client({
    region: options.region,
    // The one host for all regions answers others with a redirect; without it the SDK asks the region's own.
    ...(host === 's3.amazonaws.com' ? {} : { endpoint: options.url }),
    forcePathStyle: !options.isAws && !AWS_HOST.test(host),
    ...(ambient ? {} : { credentials: { accessKeyId: options.accessKeyId, secretAccessKey: options.secretAccessKey } }),
    maxAttempts: options.retryCount,
    // What is read is held against its own length, etag or hash; a second checksum, made in JavaScript, costs more than they do.
    responseChecksumValidation: 'WHEN_REQUIRED',
    retryStrategy: retryStrategy(options),
    requestHandler: {
      connectionTimeout: options.connectTimeoutMs,
      requestTimeout: options.requestTimeoutMs,
      throwOnRequestTimeout: true,
      socketTimeout: options.requestTimeoutMs
    }
  })
}

/** What is the store's or the line's fault is tried again, what is ours is not. */
function retryStrategy({ retryCount, retryDelayMs }: S3StoreOptions): RetryStrategy {
  const token = (retries: number): RetryToken => ({
    getRetryCount: () => retries,
    getRetryDelay: () => (retries === 0 ? 0 : retryDelayMs * 2 ** (retries - 1))
  })
  return {
    acquireInitialRetryToken: () => Promise.resolve(token(0)),
    refreshRetryTokenForRetry: (last, { error, errorType }) => {
      const retries = last.getRetryCount() + 1
      return errorType === 'CLIENT_ERROR' || retries >= retryCount
        ? Promise.reject(error instanceof Error ? error : new Error('no further try'))
        : Promise.resolve(token(retries))
    },
    recordSuccess: () => {}
  }
}
