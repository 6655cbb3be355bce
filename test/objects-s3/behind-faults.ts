import { randomUUID } from 'node:crypto'
import { CreateBucketCommand } from '@aws-sdk/client-s3'
import { MigrationError, type ErrorCode, type ObjectStore } from '@marc-migrations/domain'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { s3Client } from '../../libs/objects/src/s3-client.ts'
import { startS3, type S3Server } from '../support/s3.ts'
import { faultyS3, type FaultyS3 } from './faulty-s3.ts'
import { optionsOn, storeOn } from './store-on.ts'

interface BehindFaults {
  readonly server: S3Server
  readonly faulty: FaultyS3
  readonly bucket: string
  /** A store behind the faulty line; its look at the bucket is over. */
  aStore(change?: Parameters<typeof storeOn>[1]): Promise<ObjectStore>
}

/** For the tests of this file or block: a server with a bucket, and a line to it that can be told to fail. Made before the first one. */
export function behindFaults(): BehindFaults {
  const made = {} as { server: S3Server; faulty: FaultyS3; bucket: string }
  beforeAll(async () => {
    made.server = await startS3()
    made.faulty = await faultyS3(made.server.url)
    made.bucket = `test-${randomUUID()}`
    await s3Client(optionsOn(made.server)).send(new CreateBucketCommand({ Bucket: made.bucket }))
  })
  afterAll(async () => {
    await made.faulty.close()
    await made.server.stop()
  })
  afterEach(() => {
    made.faulty.seen()
    made.faulty.forget()
  })
  return Object.assign(made, {
    aStore: async (change: Parameters<typeof storeOn>[1] = {}) => {
      const store = storeOn({ ...made.server, url: made.faulty.url }, { bucket: made.bucket, ...change })
      await store.head('nothing')
      made.faulty.seen()
      return store
    }
  })
}

export const code = (expected: ErrorCode) => (error: unknown) => error instanceof MigrationError && error.code === expected
