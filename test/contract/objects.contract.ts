import { createHash, randomBytes } from 'node:crypto'
import { MigrationError, type ErrorCode, type ObjectStore, type ReadOptions } from '@marc-migrations/domain'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

/** A store for one run of the suite, whatever it needs to be taken down again, and a key prefix of its own. */
export interface ObjectStoreUnderTest {
  readonly store: ObjectStore
  readonly prefix: string
  close(): Promise<void>
}

/** What every object store owes its callers, whichever way it keeps its objects. */
export function objectsContract(name: string, open: () => Promise<ObjectStoreUnderTest>): void {
  describe(`object store: ${name}`, () => {
    let under: ObjectStoreUnderTest
    let store: ObjectStore
    let counter = 0
    const aKey = (): string => `${under.prefix}/operation/${counter++}/chunk_entity`

    beforeAll(async () => {
      under = await open()
      store = under.store
    })
    afterAll(() => under.close())

    const read = async (key: string, options?: ReadOptions): Promise<Buffer> => {
      const pieces: Uint8Array[] = []
      for await (const piece of store.read(key, options)) pieces.push(piece)
      return Buffer.concat(pieces)
    }
    const text = async (key: string, options?: ReadOptions): Promise<string> => (await read(key, options)).toString()
    const bytes = (of: string): Uint8Array => Buffer.from(of)

    test('what was put is read back, byte for byte', async () => {
      const key = aKey()
      const content = randomBytes(700_000)
      const info = await store.put(key, content)
      expect(info).toMatchObject({ key, lengthBytes: 700_000 })
      expect((await read(key)).equals(content)).toBe(true)
      expect(await store.head(key)).toEqual(info)
    })

    test('a hash that head tells is that of the bytes; whoever tells none is read', async () => {
      const keys = [aKey(), aKey(), aKey()]
      await store.put(keys[0] ?? '', randomBytes(100_000))
      await store.put(keys[1] ?? '', randomBytes(20_000_000))
      await store.putStream(keys[2] ?? '', pieces())
      for (const key of keys) {
        const { sha256 } = (await store.head(key)) ?? {}
        const own = createHash('sha256')
          .update(await read(key))
          .digest('hex')
        expect([own, undefined]).toContain(sha256)
      }
      async function* pieces(): AsyncIterable<Uint8Array> {
        for (let i = 0; i < 3; i++) yield await Promise.resolve(randomBytes(6_000_000))
      }
    })

    test('an empty object is an object', async () => {
      const key = aKey()
      await store.put(key, bytes(''))
      expect(await store.head(key)).toMatchObject({ lengthBytes: 0 })
      expect(await text(key)).toBe('')
    })

    test('a second put replaces the object and its etag, also by bytes of the same length', async () => {
      const key = aKey()
      const first = await store.put(key, bytes('one'))
      const second = await store.put(key, bytes('two'))
      expect(await text(key)).toBe('two')
      expect(second.etag).not.toBe(first.etag)
    })

    test('keys that differ in case, normal form, folder or a strange letter are different objects', async () => {
      const base = aKey()
      const keys = [`${base}/a`, `${base}/A`, `${base}/\u00e9`, `${base}/e\u0301`, `${base}/_`]
      for (let i = 0; i < 80; i++) keys.push(`${base}/${i}/x`)
      for (const key of keys) await store.put(key, bytes(key))
      for (const key of keys) expect(await text(key)).toBe(key)
    })

    test('a stream of any length is written in bounded memory', async () => {
      const key = aKey()
      const piece = randomBytes(1024 * 1024)
      let largest = 0
      async function* pieces(): AsyncIterable<Uint8Array> {
        for (let i = 0; i < 120; i++) {
          largest = Math.max(largest, process.memoryUsage().arrayBuffers)
          yield await Promise.resolve(Buffer.from(piece))
        }
      }
      const before = process.memoryUsage().arrayBuffers
      const info = await store.putStream(key, pieces())
      expect(info.lengthBytes).toBe(120 * 1024 * 1024)
      expect(await store.head(key)).toEqual(info)
      expect(largest - before).toBeLessThan(80 * 1024 * 1024)
      expect((await read(key, { range: { offset: 119 * 1024 * 1024, length: 1024 * 1024 } })).equals(piece)).toBe(true)
      await store.delete(key)
    })

    test('a stream that fails leaves no object, and its error is the answer', async () => {
      const key = aKey()
      async function* pieces(): AsyncIterable<Uint8Array> {
        yield await Promise.resolve(bytes('half'))
        throw new Error('the client went away')
      }
      await expect(store.putStream(key, pieces())).rejects.toThrow('the client went away')
      expect(await store.head(key)).toBeNull()
    })

    test('a stream that is aborted leaves the object that was there', async () => {
      const key = aKey()
      await store.put(key, bytes('old'))
      const abort = new AbortController()
      async function* pieces(): AsyncIterable<Uint8Array> {
        yield await Promise.resolve(bytes('new'))
        abort.abort()
        yield bytes('er')
      }
      await expect(store.putStream(key, pieces(), abort.signal)).rejects.toMatchObject({ name: 'AbortError' })
      expect(await text(key)).toBe('old')
    })

    test('a put under an aborted signal writes nothing', async () => {
      const key = aKey()
      await expect(store.put(key, bytes('x'), AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' })
      expect(await store.head(key)).toBeNull()
    })

    test.each([
      [{ offset: 0, length: 4 }, '0123'],
      [{ offset: 3, length: 4 }, '3456'],
      [{ offset: 8, length: 100 }, '89'],
      [{ offset: 10, length: 5 }, ''],
      [{ offset: 4, length: 0 }, '']
    ])('the range %o is read alone', async (range, expected) => {
      const key = aKey()
      await store.put(key, bytes('0123456789'))
      expect(await text(key, { range })).toBe(expected)
    })

    test('a read under its etag succeeds, under another it is SOURCE_CHANGED', async () => {
      const key = aKey()
      const { etag } = await store.put(key, bytes('first'))
      expect(await text(key, { ifMatch: etag, range: { offset: 1, length: 2 } })).toBe('ir')
      await store.put(key, bytes('other'))
      await expect(read(key, { ifMatch: etag })).rejects.toSatisfy(code('SOURCE_CHANGED'))
    })

    test('what is not there: read says OBJECT_NOT_FOUND, head null, delete nothing', async () => {
      const key = aKey()
      await expect(read(key)).rejects.toSatisfy(code('OBJECT_NOT_FOUND'))
      expect(await store.head(key)).toBeNull()
      await store.delete(key)
    })

    test('a read does nothing before the first pull', async () => {
      const never = store.read(aKey())
      expect(never).toBeDefined()
      await store.check()
    })

    test('a deleted object is gone', async () => {
      const key = aKey()
      await store.put(key, bytes('x'))
      await store.delete(key)
      expect(await store.head(key)).toBeNull()
    })

    test('everything below a key that ends with a slash is deleted, and nothing beside it', async () => {
      const base = `${under.prefix}/below/${counter++}`
      const beside = [`${base}/ab/one`, `${base}/A/one`, `${base}-`]
      const below = [`${base}/a/one`, `${base}/a/Two`, `${base}/a/b/c/\u00e9`, `${base}/a/${'long'.repeat(60)}/x`]
      for (const key of [...beside, ...below]) await store.put(key, bytes(key))
      await store.delete(`${base}/a/`)
      for (const key of below) expect(await store.head(key)).toBeNull()
      for (const key of beside) expect(await text(key)).toBe(key)
      await store.delete(`${base}/a/`)
      await store.put(`${base}/a/one`, bytes('again'))
      expect(await text(`${base}/a/one`)).toBe('again')
    })

    test('a folder is written to while it is deleted, and what comes after is there', async () => {
      const base = `${under.prefix}/busy/${counter++}`
      const keys = Array.from({ length: 60 }, (_, i) => `${base}/${i}_entity`)
      await Promise.all(keys.slice(0, 30).map((key) => store.put(key, bytes(key))))
      await Promise.all([store.delete(`${base}/`), ...keys.slice(30).map((key) => store.put(key, bytes(key)))])
      for (const key of keys.slice(0, 30)) expect(await store.head(key)).toBeNull()
      await store.put(`${base}/last`, bytes('x'))
      expect(await text(`${base}/last`)).toBe('x')
    })

    test.each(['/', '../', 'a/../', 'a//'])('nothing below %j is deleted', async (key) => {
      await expect(store.delete(key)).rejects.toSatisfy(code('INVARIANT_BROKEN'))
    })

    test('readers see one whole object while others replace it', async () => {
      const key = aKey()
      const versions = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(300_000))
      await store.put(key, bytes(versions[0] ?? ''))
      const writing = Promise.all(versions.map((version) => store.put(key, bytes(version))))
      for (let i = 0; i < 10; i++) expect(versions).toContain(await text(key))
      await writing
    })

    test.each(['../x', 'a/../x', '/x', 'a//x', 'a/\0', '', 'a/.'])('the key %j is refused', async (key) => {
      await expect(store.put(key, bytes('x'))).rejects.toSatisfy(code('INVARIANT_BROKEN'))
      await expect(store.head(key)).rejects.toSatisfy(code('INVARIANT_BROKEN'))
      await expect(read(key)).rejects.toSatisfy(code('INVARIANT_BROKEN'))
    })

    test('check answers while the store can be written to', async () => {
      await expect(store.check()).resolves.toBeUndefined()
    })
  })
}

const code =
  (expected: ErrorCode) =>
  (error: unknown): boolean =>
    error instanceof MigrationError && error.code === expected
