import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { ObjectStore } from '@marc-migrations/domain'
import { directoryStore } from '@marc-migrations/objects'
import { afterAll, describe, expect, test } from 'vitest'
import { objectsContract } from '../contract/objects.contract.ts'
import { aFullDisk } from './full-disk.ts'

const root = mkdtempSync(join(tmpdir(), 'objects-test-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))

const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, child: () => silent }
const tsx = createRequire(import.meta.url).resolve('tsx')

objectsContract('directory', () =>
  Promise.resolve({
    store: directoryStore({ dir: join(root, 'contract'), logger: silent }),
    prefix: 'mod-marc-migrations',
    close: () => Promise.resolve()
  })
)

function aStore(name: string): { store: ObjectStore; dir: string; files: () => string[] } {
  const dir = join(root, name)
  const files = () =>
    readdirSync(dir, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
  return { store: directoryStore({ dir, logger: silent }), dir, files }
}

async function readAll(store: ObjectStore, key: string, ifMatch: string): Promise<string> {
  let text = ''
  for await (const piece of store.read(key, { ifMatch })) text += Buffer.from(piece).toString()
  return text
}

describe('objects in a directory', () => {
  test('lie spread over folders, with the end of the key to be read by a person', async () => {
    const { store, dir, files } = aStore('fan-out')
    for (let i = 0; i < 40; i++) await store.put(`sub/operation/x/${i}_entity`, Buffer.from('x'))
    const below = join(dir, 'sub', 'operation', 'x')
    expect(new Set(files().map((file) => dirname(file))).size).toBeGreaterThan(20)
    expect(files().every((file) => /^\/=[0-9a-f]{2}\/[0-9a-f]{40}-\d+_entity$/.test(file.slice(below.length)))).toBe(true)
  })

  test('may be named like the folder of others, and live on when that is deleted', async () => {
    const { store } = aStore('same-name')
    for (const key of ['sub/a', 'sub/a/one', 'sub/=aa/one']) await store.put(key, Buffer.from('x'))
    await store.delete('sub/a/')
    expect(await store.head('sub/a')).not.toBeNull()
    expect(await store.head('sub/a/one')).toBeNull()
    await store.delete('sub/=aa/')
    expect(await store.head('sub/a')).not.toBeNull()
  })

  test('keep apart keys that a file system without letter case would take for one', async () => {
    const { store, files } = aStore('letter-case')
    await store.put('sub/Names.mrc', Buffer.from('x'))
    await store.put('sub/names.MRC', Buffer.from('y'))
    expect(new Set(files().map((file) => file.toLowerCase())).size).toBe(2)
  })

  test('an edit in place is another etag, and a read under the old one is SOURCE_CHANGED', async () => {
    const { store, files } = aStore('edited')
    const { etag } = await store.put('sub/source', Buffer.from('before'))
    const [file = ''] = files()
    writeFileSync(file, 'after!')
    expect((await store.head('sub/source'))?.etag).not.toBe(etag)
    await expect(readAll(store, 'sub/source', etag)).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
  })

  test('an edit while it is read is SOURCE_CHANGED at the end', async () => {
    const { store, files } = aStore('edited-while-read')
    const { etag } = await store.put('sub/source', Buffer.alloc(1_000_000, 'a'))
    const [file = ''] = files()
    const reading = (async () => {
      for await (const piece of store.read('sub/source', { ifMatch: etag })) {
        expect(piece.byteLength).toBeGreaterThan(0)
        writeFileSync(file, Buffer.alloc(1_000_000, 'b'))
      }
    })()
    await expect(reading).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
  })

  test('a full disk is OBJECTS_FULL and leaves nothing behind', async (context) => {
    const disk = aFullDisk(join(root, 'full'))
    if (disk === undefined) return context.skip('mounting a small file system needs root')
    try {
      const store = directoryStore({ dir: disk.dir, logger: silent })
      const failed = store.put('sub/big', Buffer.alloc(4 * 1024 * 1024))
      await expect(failed).rejects.toMatchObject({ code: 'OBJECTS_FULL', kind: 'outage' })
      await store.put('sub/small', Buffer.from('fits'))
      expect(readdirSync(join(disk.dir, '.writing'))).toEqual([])
    } finally {
      disk.release()
    }
  })

  test('a directory that cannot be made is OBJECTS_UNAVAILABLE and names the setting', async () => {
    writeFileSync(join(root, 'a-file'), '')
    const store = directoryStore({ dir: join(root, 'a-file', 'below'), logger: silent })
    await expect(store.check()).rejects.toMatchObject({ code: 'OBJECTS_UNAVAILABLE', facts: { setting: 'OBJECTS_DIR' } })
    await expect(store.head('k')).rejects.toMatchObject({ code: 'OBJECTS_UNAVAILABLE' })
  })

  test('a writer killed in the middle leaves no object; what it left is removed a day later', async () => {
    const { store, dir } = aStore('killed')
    const script = `
      import { directoryStore } from '@marc-migrations/objects'
      const store = directoryStore({ dir: process.argv[1], logger: { debug() {}, info() {} } })
      async function* pieces() { yield Buffer.alloc(1e6); console.log('half'); await new Promise((r) => setTimeout(r, 1e6)) }
      await store.putStream('sub/victim', pieces())`
    const child = spawn(process.execPath, ['--import', tsx, '--input-type=module', '-e', script, dir], {
      stdio: ['ignore', 'pipe', 'inherit']
    })
    await once(child.stdout, 'data')
    child.kill('SIGKILL')
    await once(child, 'exit')

    const writing = join(dir, '.writing')
    const [left = ''] = readdirSync(writing)
    expect(await store.head('sub/victim')).toBeNull()
    await store.put('sub/other', Buffer.from('x'))
    expect(readdirSync(writing)).toEqual([left])

    utimesSync(join(writing, left), new Date(Date.now() - 90_000_000), new Date(Date.now() - 90_000_000))
    await directoryStore({ dir, logger: silent }).put('sub/third', Buffer.from('x'))
    await expect.poll(() => readdirSync(writing)).toEqual([])
  })
})
