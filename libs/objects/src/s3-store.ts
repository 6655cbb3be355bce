import { randomUUID } from 'node:crypto'
import { DeleteObjectCommand } from '@aws-sdk/client-s3'
import type { ObjectStore } from '@marc-migrations/domain'
import { isPrefix, requireKey } from './object-key.ts'
import { ensureBucket } from './s3-bucket.ts'
import { s3Client } from './s3-client.ts'
import { deleteBelow } from './s3-delete.ts'
import { answering } from './s3-error.ts'
import type { S3StoreOptions } from './s3-options.ts'
import { headObject, readObject } from './s3-read.ts'
import { putObject, putParts } from './s3-write.ts'

/**
 * Objects in S3, or in a store that speaks its language, under the settings FOLIO's modules have.
 *
 * Returns at once: the bucket is looked for, and made, in the background, and the first call waits for that. A store that is
 * away is no error here, but of the calls. An aborted signal rejects with its own reason.
 */
export function s3Store(options: S3StoreOptions): ObjectStore {
  const place = { client: s3Client(options), bucket: options.bucket }
  const bucket = ensureBucket(place.client, options.bucket, options.logger)

  async function ready(key: string): Promise<string> {
    requireKey(key)
    await bucket.looked
    return key
  }

  const remove = (key: string): Promise<unknown> =>
    answering({ bucket: options.bucket, key }, undefined, () =>
      place.client.send(new DeleteObjectCommand({ Bucket: options.bucket, Key: key }))
    )

  return {
    put: async (key, bytes, signal) => {
      await ready(key)
      return bytes.byteLength > options.maxChunkBytes
        ? putParts(place, key, once(bytes), signal)
        : putObject(place, key, bytes, signal)
    },
    putStream: async (key, pieces, signal) => putParts(place, await ready(key), pieces, signal),
    read: async function* (key, readOptions = {}) {
      yield* readObject(place, await ready(key), readOptions, options.retryCount)
    },
    head: async (key, signal) => headObject(place, await ready(key), signal),
    delete: async (key) => {
      if (!isPrefix(key)) return void (await remove(await ready(key)))
      await ready(key.slice(0, -1))
      await deleteBelow(place, key)
    },
    check: async () => {
      await bucket.lookAgain()
      const probe = `${options.subPath}/check-${randomUUID()}`
      await putObject(place, probe, Buffer.from('written to see whether one can write'))
      await remove(probe)
    }
  }
}

async function* once(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  yield await Promise.resolve(bytes)
}
