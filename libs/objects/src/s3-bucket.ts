import { CreateBucketCommand, HeadBucketCommand, type S3Client } from '@aws-sdk/client-s3'
import type { Logger } from '@marc-migrations/domain'
import { failureOf } from './s3-error.ts'

const ALREADY_THERE = new Set(['BucketAlreadyOwnedByYou', 'BucketAlreadyExists'])

export interface S3Bucket {
  /** Resolves when the bucket was looked for once; never rejects. */
  readonly looked: Promise<void>
  /** Looks again where the last look failed. Never rejects. */
  lookAgain(): Promise<void>
}

/** Makes the bucket where it is missing. A failure is only logged: it may be there without our being allowed to look. */
export function ensureBucket(client: S3Client, bucket: string, logger: Logger): S3Bucket {
  let found = false
  let warned = false

  async function look(): Promise<void> {
    if (found) return
    try {
      found = (await exists(client, bucket)) || (await create(client, bucket))
      logger.debug({ bucket }, 'objects.bucket-ready')
    } catch (err) {
      if (!warned) logger.warn({ err, bucket, status: failureOf(err).status }, 'objects.bucket-unsure')
      warned = true
    }
  }

  return { looked: look(), lookAgain: look }
}

async function exists(client: S3Client, bucket: string): Promise<boolean> {
  try {
    await client.send(new HeadBucketCommand({ Bucket: bucket }))
    return true
  } catch (error) {
    if (failureOf(error).status === 404) return false
    throw error
  }
}

async function create(client: S3Client, bucket: string): Promise<true> {
  try {
    await client.send(new CreateBucketCommand({ Bucket: bucket }))
  } catch (error) {
    if (!ALREADY_THERE.has(failureOf(error).name)) throw error
  }
  return true
}
