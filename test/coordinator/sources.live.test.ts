import { once } from 'node:events'
import { request } from 'node:http'
import { connect } from 'node:net'
import { buffer, text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'
import { MigrationError } from '@marc-migrations/domain'
import type { ObjectStore } from '@marc-migrations/domain'
import { describe, expect } from 'vitest'
import { anApi, errorOf, JSON_TYPE, test as onApi } from './api-fixture.ts'
import type { Api } from './api-fixture.ts'

const RECORD = '00056nz  a2200037n  4500100001800000\x1e1 \x1faA name\x1e\x1d'
const OCTETS = { 'content-type': 'application/octet-stream' }
const IMPORT = { entityType: 'authority', operationType: 'import' }

/** The API of a laptop: files may be imported. */
const test = onApi.extend<{ api: Api }>({
  api: async ({ stores }, use) => {
    const api = await anApi(stores, { settings: { importEnabled: true } })
    await use(api)
    await api.close()
  }
})

describe('uploading a file', () => {
  test('stores its bytes as they are, and tells what they are', async ({ api, stores }) => {
    const body = Buffer.from(RECORD.repeat(5000))
    const answer = await put(api, 'names.mrc', body)
    expect(answer).toMatchObject({ status: 201, json: { name: 'names.mrc', format: 'iso2709', lengthBytes: body.length } })
    const file = await stores.sourceFiles.find('diku', 'names.mrc')
    expect(file?.objectKey).toMatch(/^test\/source\/diku\/names\.mrc\/[0-9a-f-]{36}$/)
    expect(Buffer.compare(await buffer(api.deps.objects.read(file?.objectKey ?? '')), body)).toBe(0)
  })

  test('takes any media type, and none', async ({ api }) => {
    for (const type of ['application/marc', 'application/json', 'text/plain; charset=latin1', 'nonsense', '']) {
      const answer = await api.ask('PUT', '/marc-migrations/sources/a.mrc', {
        headers: { 'content-type': type },
        body: new TextEncoder().encode(RECORD)
      })
      expect(answer.status, type).toBeLessThan(202)
    }
  })

  test('points the name to the new object and keeps the old one for those who read it', async ({ api, stores }) => {
    await put(api, 'names.mrc', RECORD)
    const old = await stores.sourceFiles.find('diku', 'names.mrc')
    expect((await put(api, 'names.mrc', RECORD + RECORD)).status).toBe(200)
    const fresh = await stores.sourceFiles.find('diku', 'names.mrc')
    expect(fresh?.objectKey).not.toBe(old?.objectKey)
    expect(await api.deps.objects.head(old?.objectKey ?? '')).not.toBeNull()
    const listed = await api.ask('GET', '/marc-migrations/sources')
    expect(listed.json).toEqual({
      sources: [
        { name: 'names.mrc', format: 'iso2709', lengthBytes: 2 * RECORD.length, uploadedAt: expect.any(String) as string }
      ],
      totalRecords: 1
    })
  })

  test('refuses an empty file, and one that is no MARC, before anything is stored', async ({ api, stores }) => {
    const empty = await put(api, 'empty.mrc', '')
    expect(empty.status).toBe(422)
    expect(errorOf(empty).message).toContain('is empty; send the file as the request body')
    const other = await put(api, 'picture.mrc', Buffer.from('\x89PNG\r\n', 'latin1'))
    expect(other.status).toBe(422)
    expect(errorOf(other).message).toContain('cannot be read as MARC; send ISO 2709')
    expect(await stores.sourceFiles.list('diku')).toEqual([])
  })

  test('a refusal reaches a sender that reads only when all is sent', async ({ api }) => {
    const answer = await sendThenRead(api, Buffer.alloc(20_000_000, 'no marc '))
    expect(answer).toMatch(/"errorCode","value":"SOURCE_UNREADABLE"/)
  })

  test.for([
    ['a path', '..%2F..%2Fetc%2Fpasswd'],
    ['dots', '..'.replaceAll('.', '%2e')],
    ['a NUL', 'a%00.mrc'],
    ['a blank', 'a%20b.mrc'],
    ['a hidden file', '.hidden'],
    ['129 letters', 'a'.repeat(129)],
    ['another script', '%D0%B0.mrc']
  ])('refuses %s as a name', async ([, name], { api, stores }) => {
    const answer = await api.ask('PUT', `/marc-migrations/sources/${name}`, { headers: OCTETS, body: RECORD })
    expect([400, 404, 405]).toContain(answer.status)
    expect(await stores.sourceFiles.list('diku')).toEqual([])
  })

  test('that breaks off leaves no name behind', async ({ api, stores }) => {
    await breakOff(api)
    await delay(200)
    expect(await stores.sourceFiles.list('diku')).toEqual([])
    expect((await put(api, 'names.mrc', RECORD)).status).toBe(201)
  })

  test('is refused where imports are off', async ({ stores }) => {
    const api = await anApi(stores)
    try {
      const answer = await put(api, 'names.mrc', RECORD)
      expect(answer.status).toBe(422)
      expect(errorOf(answer).message).toContain('IMPORT_ENABLED')
    } finally {
      await api.close()
    }
  })

  test('answers 503 while the object store is away, 507 when it is full', async ({ stores }) => {
    for (const [code, status] of [
      ['OBJECTS_UNAVAILABLE', 503],
      ['OBJECTS_FULL', 507]
    ] as const) {
      const api = await anApi(stores, { deps: { objects: failing(code) } })
      const importing = await anApi(stores, { settings: { importEnabled: true }, deps: { objects: failing(code) } })
      try {
        const answer = await put(importing, 'names.mrc', RECORD)
        expect(answer.status).toBe(status)
        expect(errorOf(answer).code).toBe('service_error')
      } finally {
        await api.close()
        await importing.close()
      }
    }
  })
})

describe('importing a file', () => {
  test('starts at once with a total of 0', async ({ api }) => {
    await put(api, 'names.mrc', RECORD)
    const answer = await api.post('/marc-migrations', { ...IMPORT, source: { name: 'names.mrc' } })
    expect(answer).toMatchObject({
      status: 201,
      json: {
        status: 'new',
        totalNumOfRecords: 0,
        operationType: 'import',
        source: { name: 'names.mrc', format: 'iso2709' }
      }
    })
  })

  test('needs a source, and says how to get one', async ({ api }) => {
    for (const source of [undefined, null, {}, { name: '' }]) {
      const answer = await api.post('/marc-migrations', { ...IMPORT, source })
      expect(answer.status).toBe(422)
      expect(errorOf(answer).message).toContain('PUT /marc-migrations/sources/{name}')
    }
    const unknown = await api.post('/marc-migrations', { ...IMPORT, source: { name: 'nothing.mrc' } })
    expect(unknown.status).toBe(422)
    expect(errorOf(unknown).message).toMatch(/^There is no source file 'nothing.mrc'; upload it first/)
  })

  test('refuses a format that is none, or not the file’s', async ({ api }) => {
    await put(api, 'names.mrc', RECORD)
    const none = await api.post('/marc-migrations', { ...IMPORT, source: { name: 'names.mrc', format: 'docx' } })
    expect(none.status).toBe(400)
    expect(errorOf(none).message).toBe("Unexpected value 'docx'")
    const other = await api.post('/marc-migrations', { ...IMPORT, source: { name: 'names.mrc', format: 'jsonl' } })
    expect(other.status).toBe(422)
    const list = await api.post('/marc-migrations', { ...IMPORT, source: ['names.mrc'] })
    expect(list.status).toBe(400)
  })

  test('of another tenant’s file does not find it', async ({ api }) => {
    await put(api, 'names.mrc', RECORD)
    const elsewhere = { 'x-okapi-tenant': 'college' }
    const answer = await api.post('/marc-migrations', { ...IMPORT, source: { name: 'names.mrc' } }, elsewhere)
    expect(answer.status).toBe(422)
  })
})

function put(api: Api, name: string, body: string | Uint8Array) {
  return api.ask('PUT', `/marc-migrations/sources/${name}`, { headers: OCTETS, body })
}

/** Sends everything and only then looks for an answer, as simple clients do. */
async function sendThenRead(api: Api, body: Buffer): Promise<string> {
  const socket = connect(api.port, '127.0.0.1')
  await once(socket, 'connect')
  const head = [
    'PUT /marc-migrations/sources/x.mrc HTTP/1.1',
    'Host: localhost',
    'X-Okapi-Tenant: diku',
    'Connection: close'
  ]
  socket.write([...head, `Content-Length: ${body.length}`, '', ''].join('\r\n'))
  await new Promise((sent) => socket.write(body, sent))
  return await text(socket)
}

/** Promises a megabyte, sends half of it and hangs up. */
async function breakOff(api: Api): Promise<void> {
  await new Promise<void>((resolve) => {
    const upload = request(`${api.url}/marc-migrations/sources/names.mrc`, {
      method: 'PUT',
      headers: { ...OCTETS, ...JSON_TYPE, 'content-length': 1_000_000, 'x-okapi-tenant': 'diku' }
    })
    upload.on('error', () => resolve())
    upload.write(RECORD.repeat(8000), () => setTimeout(() => upload.destroy(new Error('hung up')), 100))
  })
}

function failing(code: 'OBJECTS_UNAVAILABLE' | 'OBJECTS_FULL'): ObjectStore {
  const fail = () => Promise.reject(new MigrationError(code, {}))
  const read = async function* () {
    yield await fail()
  }
  return { put: fail, putStream: fail, read, head: fail, delete: fail, check: fail }
}
