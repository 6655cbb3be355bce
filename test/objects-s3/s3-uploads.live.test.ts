import { randomBytes } from 'node:crypto'
import { ListMultipartUploadsCommand } from '@aws-sdk/client-s3'
import type { Logger } from '@marc-migrations/domain'
import { describe, expect, test } from 'vitest'
import { s3Client } from '../../libs/objects/src/s3-client.ts'
import { s3Kind } from '../support/s3.ts'
import { silentLogger } from '../support/silent-logger.ts'
import { skipSuite } from '../support/skips.ts'
import { behindFaults, code } from './behind-faults.ts'
import { optionsOn, storeOn } from './store-on.ts'

const MiB = 1024 * 1024
const unreal =
  s3Kind() === 's3rver' &&
  skipSuite('S3 uploads in parts', 'needs a real S3 server: npm run test:servers builds one', 'server')

describe.skipIf(unreal)('on a real S3 server', () => {
  const s3 = behindFaults()
  const openUploads = async (): Promise<number> => {
    const answer = await s3Client(optionsOn(s3.server)).send(new ListMultipartUploadsCommand({ Bucket: s3.bucket }))
    return answer.Uploads?.length ?? 0
  }

  test('parts of a failed upload are taken back, and the failure of the source is the answer', async () => {
    const store = await s3.aStore()
    async function* pieces() {
      yield await Promise.resolve(randomBytes(9 * MiB))
      throw new Error('the client went away')
    }
    await expect(store.putStream('broken', pieces())).rejects.toThrow('the client went away')
    expect(await openUploads()).toBe(0)
    expect(await store.head('broken')).toBeNull()
  })

  test('parts are taken back when the store refuses one of them', async () => {
    const store = await s3.aStore({ maxChunkBytes: 5 * MiB })
    s3.faulty.next('pass', { status: 403 })
    await expect(store.put('refused', randomBytes(17 * MiB))).rejects.toSatisfy(code('OBJECTS_UNAVAILABLE'))
    expect(await openUploads()).toBe(0)
  })

  test('an upload in parts that is aborted rejects at once, leaves no object, and its parts are taken back', async () => {
    const store = await s3.aStore({ maxChunkBytes: 5 * MiB })
    const abort = new AbortController()
    const reason = new Error('the lease is lost')
    const upload = store.put('aborted', randomBytes(40 * MiB), abort.signal)
    while (s3.faulty.seen().length < 1) await new Promise((resolve) => setTimeout(resolve, 2))
    abort.abort(reason)
    await expect(upload).rejects.toBe(reason)
    await expect.poll(openUploads, { timeout: 5_000 }).toBe(0)
    expect(await store.head('aborted')).toBeNull()
  })

  test('refused credentials are logged, not thrown, at the start', async () => {
    const warned: string[] = []
    const logger: Logger = { ...silentLogger, warn: (_fields, event) => void warned.push(event) }
    const store = storeOn({ ...s3.server, secretAccessKey: 'wrong' }, { logger })
    await expect(store.put('x', Buffer.from('x'))).rejects.toSatisfy(code('OBJECTS_UNAVAILABLE'))
    expect(warned).toEqual(['objects.bucket-unsure'])
  })
})
