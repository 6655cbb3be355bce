import { randomUUID } from 'node:crypto'
import type { ObjectStore } from '@marc-migrations/domain'
import { s3Store, type S3StoreOptions } from '@marc-migrations/objects'
import type { S3Server } from '../support/s3.ts'
import { silentLogger } from '../support/silent-logger.ts'

type Address = Omit<S3Server, 'stop' | 'kind'>

/** A bucket of its own, and short times. */
export function optionsOn(server: Address): S3StoreOptions {
  return {
    url: server.url,
    region: server.region,
    accessKeyId: server.accessKeyId,
    secretAccessKey: server.secretAccessKey,
    bucket: `test-${randomUUID()}`,
    isAws: false,
    subPath: 'test',
    retryCount: 3,
    retryDelayMs: 50,
    connectTimeoutMs: 3_000,
    requestTimeoutMs: 30_000,
    maxChunkBytes: 16 * 1024 * 1024,
    logger: silentLogger
  }
}

export function storeOn(server: Address, change: Partial<S3StoreOptions> = {}): ObjectStore {
  return s3Store({ ...optionsOn(server), ...change })
}

export async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Buffer.concat(all)
}
