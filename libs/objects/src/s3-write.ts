import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { PutObjectCommand } from '@aws-sdk/client-s3'
import { Upload } from '@aws-sdk/lib-storage'
import type { ObjectInfo } from '@marc-migrations/domain'
import { answering, s3Error } from './s3-error.ts'
import { hashOf, type S3Place } from './s3-read.ts'

/** An object has at most 10,000 parts, so a stream may be 80 GB long. */
const PART_BYTES = 8 * 1024 * 1024
const PARTS_AT_ONCE = 2

/** One request: the object is there whole, or not at all. The store holds the bytes against their hash, and keeps it for `head`. */
export async function putObject(place: S3Place, key: string, bytes: Uint8Array, signal?: AbortSignal): Promise<ObjectInfo> {
  const { client, bucket } = place
  return answering({ bucket, key }, signal, async () => {
    const hash = createHash('sha256').update(bytes).digest('base64')
    const command = new PutObjectCommand({ Bucket: bucket, Key: key, Body: bytes, ChecksumSHA256: hash })
    const { ETag = '', ChecksumSHA256 } = await client.send(command, signal === undefined ? {} : { abortSignal: signal })
    return { key, lengthBytes: bytes.byteLength, etag: ETag, ...hashOf(ChecksumSHA256) }
  })
}

/** In parts, of which the store makes an object at the end; parts of an upload that failed are taken back. */
export async function putParts(
  { client, bucket }: S3Place,
  key: string,
  pieces: AsyncIterable<Uint8Array>,
  signal?: AbortSignal
): Promise<ObjectInfo> {
  signal?.throwIfAborted()
  const source = watch(pieces)
  const params = { Bucket: bucket, Key: key, Body: Readable.from(source.pieces) }
  const abortController = new AbortController()
  const abort = (): void => abortController.abort()
  signal?.addEventListener('abort', abort, { once: true })
  try {
    const upload = new Upload({ client, params, partSize: PART_BYTES, queueSize: PARTS_AT_ONCE, abortController })
    const { ETag } = await upload.done()
    return { key, lengthBytes: source.seen.bytes, etag: ETag ?? '' }
  } catch (error) {
    if (signal?.aborted === true) throw signal.reason
    throw source.seen.failure === undefined ? s3Error(error, { bucket, key }) : source.seen.failure.error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

interface Seen {
  bytes: number
  failure?: { readonly error: unknown }
}

/** Counts the bytes that go by, and remembers a failure of the source, which is not the store's. */
function watch(pieces: AsyncIterable<Uint8Array>): { readonly pieces: AsyncIterable<Uint8Array>; readonly seen: Seen } {
  const seen: Seen = { bytes: 0 }
  async function* passing(): AsyncIterable<Uint8Array> {
    try {
      for await (const piece of pieces) {
        seen.bytes += piece.byteLength
        yield piece
      }
    } catch (error) {
      seen.failure = { error }
      throw error
    }
  }
  return { pieces: passing(), seen }
}
