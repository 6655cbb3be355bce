import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { s3Client } from '../../libs/objects/src/s3-client.ts'
import { freePort } from '../support/free-port.ts'
import { s3Kind } from '../support/s3.ts'
import { behindFaults, code } from './behind-faults.ts'
import { bytesOf, optionsOn, storeOn } from './store-on.ts'

const MiB = 1024 * 1024
const s3 = behindFaults()

test('an object above the limit is uploaded in parts, one up to it in one request', async () => {
  const store = await s3.aStore({ maxChunkBytes: 8 * MiB })
  await store.put('small', randomBytes(8 * MiB))
  expect(s3.faulty.seen()).toEqual([`PUT /${s3.bucket}/small`])
  const large = randomBytes(17 * MiB)
  const info = await store.put('large', large)
  expect(s3.faulty.seen().length).toBeGreaterThan(3)
  expect(info.lengthBytes).toBe(17 * MiB)
  expect((await bytesOf(store.read('large'))).equals(large)).toBe(true)
})

test.skipIf(s3Kind() === 's3rver')('an object of one request has its hash in the store, one of parts has none', async () => {
  const store = await s3.aStore({ maxChunkBytes: 8 * MiB })
  const small = randomBytes(MiB)
  const sha256 = createHash('sha256').update(small).digest('hex')
  expect(await store.put('hashed', small)).toMatchObject({ sha256 })
  expect(await store.head('hashed')).toMatchObject({ lengthBytes: MiB, sha256 })
  await store.put('in-parts', randomBytes(17 * MiB))
  expect(await store.head('in-parts')).not.toHaveProperty('sha256')
})

test('S3_RETRY_COUNT is the number of tries, not of further tries', async () => {
  const store = await s3.aStore({ retryCount: 3 })
  s3.faulty.next({ status: 503 }, { status: 500 })
  await store.put('third-time', Buffer.from('x'))
  expect(s3.faulty.seen()).toHaveLength(3)
  s3.faulty.next({ status: 503 }, { status: 503 }, { status: 503 })
  await expect(store.put('never', Buffer.from('x'))).rejects.toSatisfy(code('OBJECTS_UNAVAILABLE'))
  expect(s3.faulty.seen()).toHaveLength(3)
})

test('the first delay is S3_RETRY_DELAY_MS, the next is twice that', async () => {
  const store = await s3.aStore({ retryDelayMs: 200 })
  s3.faulty.next({ status: 503 }, { status: 503 })
  const began = performance.now()
  await store.put('delayed', Buffer.from('x'))
  expect(performance.now() - began).toBeGreaterThanOrEqual(590)
})

test('a refusal is not tried again', async () => {
  const store = await s3.aStore()
  s3.faulty.next({ status: 403 })
  await expect(store.put('forbidden', Buffer.from('x'))).rejects.toSatisfy(code('OBJECTS_UNAVAILABLE'))
  expect(s3.faulty.seen()).toHaveLength(1)
})

test('a store without room says OBJECTS_FULL', async () => {
  const store = await s3.aStore({ retryCount: 1 })
  s3.faulty.next({ status: 507 })
  await expect(store.put('no-room', Buffer.from('x'))).rejects.toSatisfy(code('OBJECTS_FULL'))
})

test('a body that breaks off is read on from where it broke', async () => {
  const store = await s3.aStore()
  const content = randomBytes(3 * MiB)
  await store.put('cut', content)
  s3.faulty.next({ cutAfterBytes: MiB }, { cutAfterBytes: MiB })
  expect((await bytesOf(store.read('cut'))).equals(content)).toBe(true)
  s3.faulty.next({ cutAfterBytes: MiB })
  const range = { offset: 1_000, length: 2 * MiB }
  expect((await bytesOf(store.read('cut', { range }))).equals(content.subarray(1_000, 1_000 + 2 * MiB))).toBe(true)
})

test('a body that breaks off each time fails as an outage', async () => {
  const store = await s3.aStore({ retryCount: 2 })
  await store.put('hopeless', randomBytes(3 * MiB))
  s3.faulty.next({ cutAfterBytes: 1_000 }, { cutAfterBytes: 1_000 }, { cutAfterBytes: 1_000 })
  await expect(bytesOf(store.read('hopeless'))).rejects.toSatisfy(code('OBJECTS_UNAVAILABLE'))
})

test('an object that is replaced while its body is broken off is not read as a mixture', async () => {
  const store = await s3.aStore()
  await store.put('replaced', randomBytes(3 * MiB))
  s3.faulty.next({ cutAfterBytes: MiB })
  const reading = store.read('replaced')[Symbol.asyncIterator]()
  await reading.next()
  await storeOn(s3.server, { bucket: s3.bucket }).put('replaced', randomBytes(3 * MiB))
  const rest = bytesOf({ [Symbol.asyncIterator]: () => reading })
  await expect(rest).rejects.toSatisfy(code('SOURCE_CHANGED'))
})

test('a store that accepts and says nothing costs the request timeout of each try, no more', async () => {
  const store = await s3.aStore({ requestTimeoutMs: 300, retryCount: 2 })
  s3.faulty.next('silence', 'silence')
  const began = performance.now()
  await expect(store.put('silent', Buffer.from('x'))).rejects.toSatisfy(code('OBJECTS_UNAVAILABLE'))
  expect(performance.now() - began).toBeLessThan(3_000)
})

test('an upload that the store takes in drop by drop is given up after the request timeout', async () => {
  const store = await s3.aStore({ requestTimeoutMs: 700, retryCount: 1 })
  s3.faulty.next('trickle')
  const began = performance.now()
  await expect(store.put('slow', randomBytes(16 * MiB))).rejects.toSatisfy(code('OBJECTS_UNAVAILABLE'))
  expect(performance.now() - began).toBeLessThan(3_000)
})

test('a body that stops coming is given up after the request timeout, and read on', async () => {
  const store = await s3.aStore({ requestTimeoutMs: 500 })
  const content = randomBytes(3 * MiB)
  await store.put('held', content)
  s3.faulty.next({ holdAfterBytes: MiB })
  const began = performance.now()
  expect((await bytesOf(store.read('held'))).equals(content)).toBe(true)
  expect(performance.now() - began).toBeLessThan(5_000)
})

test('a running call is ended by its signal, with the reason of the signal', async () => {
  const store = await s3.aStore()
  const abort = new AbortController()
  const reason = new Error('the lease is lost')
  s3.faulty.next('silence', 'silence')
  setTimeout(() => abort.abort(reason), 100)
  await expect(store.put('x', Buffer.from('x'), abort.signal)).rejects.toBe(reason)
})

test('a store that is away makes calls fail as an outage, the start does not', async () => {
  const store = storeOn({ ...s3.server, url: `http://127.0.0.1:${await freePort()}` }, { retryCount: 2 })
  await expect(store.head('x')).rejects.toSatisfy(code('OBJECTS_UNAVAILABLE'))
  await expect(store.check()).rejects.toSatisfy(code('OBJECTS_UNAVAILABLE'))
})

test('a missing bucket is made at the start', async () => {
  const store = storeOn(s3.server)
  await store.check()
})

test('a bucket that could not be made at the start is made when the store can be reached', async () => {
  const store = storeOn({ ...s3.server, url: s3.faulty.url }, { retryCount: 1 })
  s3.faulty.next({ status: 500 })
  await store.head('x')
  await store.check()
})

test('blank keys mean the credentials of the surroundings', async () => {
  const before = { ...process.env }
  process.env['AWS_ACCESS_KEY_ID'] = s3.server.accessKeyId
  process.env['AWS_SECRET_ACCESS_KEY'] = s3.server.secretAccessKey
  try {
    await storeOn({ ...s3.server, accessKeyId: '', secretAccessKey: '' }).check()
  } finally {
    process.env = before
  }
})

test.each([
  { url: 'http://minio:9000', isAws: false, pathStyle: true },
  { url: 'http://storage.example.org', isAws: true, pathStyle: false },
  { url: 'https://s3.amazonaws.com', isAws: false, pathStyle: false },
  { url: 'https://s3.eu-west-1.amazonaws.com', isAws: true, pathStyle: false }
])('$url with S3_IS_AWS=$isAws: bucket in the path is $pathStyle', ({ url, isAws, pathStyle }) => {
  expect(s3Client({ ...optionsOn(s3.server), url, isAws }).config.forcePathStyle).toBe(pathStyle)
})

describe('everything below a key', () => {
  const keys = (under: string, count: number) => Array.from({ length: count }, (_, i) => `${under}/${i}_entity`)
  const putAll = (under: string, count: number) =>
    Promise.all(keys(under, count).map((key) => storeOn(s3.server, { bucket: s3.bucket }).put(key, Buffer.from('x'))))

  test('is deleted page by page, and a crash in the middle leaves the rest to the next go', async () => {
    await putAll('many', 1_005)
    const store = await s3.aStore({ retryCount: 2 })
    s3.faulty.next('pass', 'pass', { status: 503 }, { status: 503 })
    await expect(store.delete('many/')).rejects.toSatisfy(code('OBJECTS_UNAVAILABLE'))
    s3.faulty.seen()
    const left = await Promise.all(keys('many', 1_005).map((key) => storeOn(s3.server, { bucket: s3.bucket }).head(key)))
    expect(left.filter((info) => info !== null)).toHaveLength(5)
    await store.delete('many/')
    expect(s3.faulty.seen()).toEqual([`GET /${s3.bucket}/`, `POST /${s3.bucket}/`])
    expect(await Promise.all(keys('many', 1_005).map((key) => store.head(key)))).toEqual(Array(1_005).fill(null))
  })

  test('is tried again like any other call', async () => {
    await putAll('retried', 3)
    const store = await s3.aStore()
    s3.faulty.next({ status: 503 }, 'pass', { status: 500 })
    await store.delete('retried/')
    expect(s3.faulty.seen()).toHaveLength(4)
    expect(await Promise.all(keys('retried', 3).map((key) => store.head(key)))).toEqual([null, null, null])
  })

  test('is deleted one by one where the store cannot do many at once', async () => {
    await putAll('single', 3)
    const store = await s3.aStore({ retryCount: 1 })
    s3.faulty.next('pass', { status: 501 })
    await store.delete('single/')
    expect(s3.faulty.seen().filter((call) => call.startsWith('DELETE'))).toHaveLength(3)
    expect(await Promise.all(keys('single', 3).map((key) => store.head(key)))).toEqual([null, null, null])
  })
})
