import type { Readable } from 'node:stream'
import { GetObjectCommand, HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3'
import { MigrationError, type ObjectInfo, type ReadOptions } from '@marc-migrations/domain'
import { answering, failureOf, isMissing, s3Error } from './s3-error.ts'

const PRECONDITION_FAILED = 412
const RANGE_NOT_SATISFIABLE = 416

export interface S3Place {
  readonly client: S3Client
  readonly bucket: string
}

/** Null when there is no such object. */
export async function headObject(
  { client, bucket }: S3Place,
  key: string,
  signal?: AbortSignal
): Promise<ObjectInfo | null> {
  return answering({ bucket, key }, signal, async () => {
    try {
      const command = new HeadObjectCommand({ Bucket: bucket, Key: key, ChecksumMode: 'ENABLED' })
      const { ContentLength = 0, ETag = '', ChecksumSHA256 } = await client.send(command, abortable(signal))
      return { key, lengthBytes: ContentLength, etag: ETag, ...hashOf(ChecksumSHA256) }
    } catch (error) {
      if (isMissing(error)) return null
      throw error
    }
  })
}

/**
 * The bytes of an object, or of a range of it. A connection that breaks while they come is dialled again for the rest, under
 * the etag of the first answer, so that what is read is always one object.
 *
 * @param tries in all for a body that breaks off
 */
export async function* readObject(
  place: S3Place,
  key: string,
  { range, ifMatch, signal }: ReadOptions,
  tries: number
): AsyncIterable<Uint8Array> {
  if (range?.length === 0) return await requireObject(place, key, ifMatch, signal)
  let from = range?.offset ?? 0
  const to = range === undefined ? undefined : range.offset + range.length
  let etag = ifMatch
  for (let left = tries; ;) {
    const answer = await getObject(place, key, { from, to, etag, signal })
    if (answer === 'beyond the end') return
    try {
      for await (const piece of answer.body) {
        signal?.throwIfAborted()
        etag ??= answer.etag
        from += piece.byteLength
        yield piece
      }
      return
    } catch (error) {
      if (signal?.aborted === true) throw signal.reason
      if (--left <= 0) throw s3Error(error, { bucket: place.bucket, key })
    }
    if (to !== undefined && from >= to) return
  }
}

/** Base64 of 32 bytes; what an object of parts has, a hash of hashes with their number behind it, says nothing of its bytes. */
export function hashOf(checksum = ''): { readonly sha256?: string } {
  if (!/^[A-Za-z0-9+/]{43}=$/.test(checksum)) return {}
  return { sha256: Buffer.from(checksum, 'base64').toString('hex') }
}

/** A read of nothing fails as any other would. */
async function requireObject(place: S3Place, key: string, etag: string | undefined, signal?: AbortSignal): Promise<void> {
  const info = await headObject(place, key, signal)
  if (info === null) throw new MigrationError('OBJECT_NOT_FOUND', { key })
  if (etag !== undefined && info.etag !== etag) throw new MigrationError('SOURCE_CHANGED', { key })
}

interface Wanted {
  readonly from: number
  /** First byte not wanted; undefined for all to the end. */
  readonly to: number | undefined
  readonly etag: string | undefined
  readonly signal: AbortSignal | undefined
}

async function getObject(
  { client, bucket }: S3Place,
  key: string,
  { from, to, etag, signal }: Wanted
): Promise<{ body: AsyncIterable<Uint8Array>; etag: string | undefined } | 'beyond the end'> {
  const command = new GetObjectCommand({
    Bucket: bucket,
    Key: key,
    ...(from === 0 && to === undefined ? {} : { Range: `bytes=${from}-${to === undefined ? '' : to - 1}` }),
    ...(etag === undefined ? {} : { IfMatch: etag })
  })
  return answering({ bucket, key }, signal, async () => {
    try {
      const { Body, ETag } = await client.send(command, abortable(signal))
      const body = Body as unknown as Readable
      if (etag === undefined || etag === ETag) return { body, etag: ETag }
      // A store that does not know If-Match.
      body.destroy()
      throw new MigrationError('SOURCE_CHANGED', { key })
    } catch (error) {
      const { status } = failureOf(error)
      if (status === RANGE_NOT_SATISFIABLE) return 'beyond the end'
      if (status === PRECONDITION_FAILED) throw new MigrationError('SOURCE_CHANGED', { key }, error)
      if (isMissing(error)) throw new MigrationError('OBJECT_NOT_FOUND', { key }, error)
      throw error
    }
  })
}

function abortable(signal: AbortSignal | undefined): { abortSignal?: AbortSignal } {
  return signal === undefined ? {} : { abortSignal: signal }
}
