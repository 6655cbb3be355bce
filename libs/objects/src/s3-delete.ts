import { DeleteObjectCommand, DeleteObjectsCommand, ListObjectsV2Command } from '@aws-sdk/client-s3'
import { MigrationError } from '@marc-migrations/domain'
import { answering, failureOf } from './s3-error.ts'
import type { S3Place } from './s3-read.ts'

/** What a store answers that cannot delete many objects by one request, or wants it signed in a way of old. */
const DELETES_ONE_BY_ONE = new Set([400, 405, 501])

/** Deletes page by page, so that whoever begins anew after a crash finds only what is left. */
export async function deleteBelow(place: S3Place, prefix: string): Promise<void> {
  let token: string | undefined
  do {
    const page = await listPage(place, prefix, token)
    if (page.keys.length > 0) await deleteAll(place, prefix, page.keys)
    token = page.next
  } while (token !== undefined)
}

async function listPage(
  { client, bucket }: S3Place,
  prefix: string,
  token: string | undefined
): Promise<{ keys: readonly string[]; next: string | undefined }> {
  const command = new ListObjectsV2Command({
    Bucket: bucket,
    Prefix: prefix,
    ...(token === undefined ? {} : { ContinuationToken: token })
  })
  return answering({ bucket, key: prefix }, undefined, async () => {
    const { Contents = [], NextContinuationToken } = await client.send(command)
    return { keys: Contents.flatMap(({ Key }) => Key ?? []), next: NextContinuationToken }
  })
}

async function deleteAll({ client, bucket }: S3Place, prefix: string, keys: readonly string[]): Promise<void> {
  const objects = keys.map((Key) => ({ Key }))
  const command = new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: objects, Quiet: true } })
  await answering({ bucket, key: prefix }, undefined, async () => {
    try {
      const { Errors = [] } = await client.send(command)
      const [failed] = Errors
      if (failed === undefined) return
      const facts = { bucket, key: failed.Key, reason: failed.Code, count: Errors.length }
      throw new MigrationError('OBJECTS_UNAVAILABLE', facts)
    } catch (error) {
      if (!DELETES_ONE_BY_ONE.has(failureOf(error).status ?? 0)) throw error
      for (const { Key } of objects) await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }))
    }
  })
}
