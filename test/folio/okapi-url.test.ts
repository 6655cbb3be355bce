import { lookup } from 'node:dns'
import type * as Dns from 'node:dns'
import { MigrationError } from '@marc-migrations/domain'
import { checkOkapiUrl } from '@marc-migrations/folio'
import { afterEach, describe, expect, vi } from 'vitest'
import { bulkCall, folioOf, headersTo, test } from './folio-fixtures.ts'

// The machine's name service cannot be told what to say; for names of the test it is this.
vi.mock('node:dns', async (original) => {
  const dns = await original<typeof Dns>()
  return { ...dns, lookup: vi.fn(dns.lookup) }
})
afterEach(() => void vi.mocked(lookup).mockClear())

function reasonOf(text: string, allowed?: readonly string[]): unknown {
  try {
    checkOkapiUrl(text, allowed)
  } catch (error) {
    if (error instanceof MigrationError && error.code === 'OKAPI_URL_REFUSED') return error.facts['reason']
    throw error
  }
  return undefined
}

describe('an address of a gateway', () => {
  test.for([
    ['http://okapi:9130', 'http://okapi:9130', ''],
    ['HTTPS://Okapi.Example/', 'https://okapi.example', ''],
    ['https://gateway/folio/okapi/', 'https://gateway', '/folio/okapi'],
    ['http://localhost:8082', 'http://localhost:8082', ''],
    ['http://10.0.0.5:9130', 'http://10.0.0.5:9130', ''],
    ['http://[fd12::1]:9130', 'http://[fd12::1]:9130', '']
  ] as const)('%s is taken', ([text, origin, basePath]) => {
    expect(checkOkapiUrl(text)).toEqual({ origin, basePath })
  })

  test.for([
    'okapi:9130',
    '',
    '//okapi:9130',
    'ftp://okapi',
    'file:///etc/passwd',
    'gopher://okapi:70/_GET',
    'javascript:alert(1)',
    'http://',
    'http://okapi:99999'
  ])('%s is none', (text) => expect(reasonOf(text)).toBe('it is no http or https address'))

  test.for(['http://user@okapi:9130', 'http://user:secret@okapi:9130', 'http://okapi:9130@evil.example'])(
    '%s holds credentials, and the message does not',
    (text) => {
      expect(reasonOf(text)).toBe('it holds credentials')
      expect(() => checkOkapiUrl(text)).toThrow(/^(?!.*(user|secret)).*$/)
    }
  )

  test.for(['http://okapi/?to=evil', 'http://okapi/#evil'])('%s is refused', (text) =>
    expect(reasonOf(text)).toBe('it has a query or a fragment')
  )

  test.for([
    'http://169.254.169.254',
    'http://169.254.169.254:9130/latest/meta-data',
    'http://169.254.0.1',
    'http://169.254.169.254.',
    'http://2852039166',
    'http://0xA9FEA9FE',
    'http://0251.0376.0251.0376',
    'http://169.254.43518',
    'http://169.16689662',
    'http://１６９.254.169.254',
    'http://169。254。169。254',
    'http:\\\\169.254.169.254',
    'http:/169.254.169.254',
    ' http://169.254.169.254',
    'http://169.254\t.169.254',
    'http://[fe80::1]',
    'http://[febf::1]:9130',
    'http://[::ffff:169.254.169.254]',
    'http://[::ffff:a9fe:a9fe]',
    'http://[0:0:0:0:0:ffff:a9fe:a9fe]',
    'http://[::169.254.169.254]',
    'http://[64:ff9b::169.254.169.254]',
    'http://[2002:a9fe:a9fe::1]',
    'http://[fd00:ec2::254]'
  ])('%j is link-local, in whatever dress', (text) => {
    expect(reasonOf(text)).toBe('it is link-local')
    expect(reasonOf(text, [new URL(text).origin])).toBe('it is link-local')
  })

  test('must be of an allowed origin, port and scheme included', () => {
    const allowed = ['http://okapi:9130', 'https://okapi']
    expect(reasonOf('http://okapi:9130/any/path', allowed)).toBeUndefined()
    expect(reasonOf('https://okapi:443', allowed)).toBeUndefined()
    for (const text of ['http://okapi', 'http://okapi:9131', 'https://okapi:9130', 'http://okapi.evil.example:9130']) {
      expect(reasonOf(text, allowed), text).toBe('it is not among OKAPI_URL_ALLOWED')
    }
    expect(reasonOf('http://okapi:9130', [])).toBe('it is not among OKAPI_URL_ALLOWED')
  })
})

describe('a call', () => {
  const request = (url: string) => ({ tenant: 'diku', entityType: 'authority', headers: headersTo(url) }) as const

  test('outside the list reaches nobody', async ({ peers, open }) => {
    const { rules, sink } = open({ okapiUrlAllowed: ['http://okapi:9130'] })
    await expect(rules.fetch(request(peers.url))).rejects.toMatchObject({ code: 'OKAPI_URL_REFUSED' })
    const { signal } = new AbortController()
    await expect(sink.save(bulkCall(peers.url), signal)).rejects.toMatchObject({ code: 'OKAPI_URL_REFUSED' })
    await expect(sink.stored(request(peers.url), [], signal)).resolves.toEqual(new Map())
    expect(peers.calls).toEqual([])
  })

  test('without an address of its own goes to OKAPI_URL, whatever list there is for strangers', async ({ peers, open }) => {
    const { rules } = open({ okapiUrl: peers.url, okapiUrlAllowed: [] })
    for (const named of [{}, { 'x-okapi-url': ' ' }]) {
      await rules.fetch({ tenant: 'diku', entityType: 'authority', headers: { 'x-okapi-tenant': 'diku', ...named } })
    }
    expect(peers.calls).toHaveLength(2)
  })

  test('goes below the path of the address', async ({ peers, open }) => {
    await expect(open().rules.fetch(request(`${peers.url}/folio/`))).rejects.toMatchObject({
      facts: { reason: 'status 404 no such resource', call: `GET ${peers.url}/folio/mapping-metadata/type/marc-authority` }
    })
  })

  test('to a name that has become link-local since is refused at its next connection', async ({ peers, open }) => {
    const { port } = new URL(peers.url)
    const answers = ['127.0.0.1', '169.254.169.254', 'fe80::1', '::ffff:169.254.169.254']
    const asked: string[] = []
    vi.mocked(lookup).mockImplementation(((name: string, _: object, callback: (error: null, found: object[]) => void) => {
      asked.push(name)
      const address = answers.shift() ?? ''
      callback(null, [{ address: '127.0.0.1', family: 4 }, ...(address === '' ? [] : [{ address, family: 4 }])])
    }) as never)
    const url = `http://rebinding.example:${port}`
    await expect(open().rules.fetch(request(url))).resolves.toBeDefined()
    for (let attempt = 0; attempt < 3; attempt++) {
      await expect(open().rules.fetch(request(url))).rejects.toMatchObject({
        code: 'OKAPI_URL_REFUSED',
        facts: { host: 'rebinding.example' }
      })
    }
    expect(asked).toHaveLength(4)
    expect(peers.calls).toHaveLength(1)
  })
})

test('a bulk call given up before its connection stood is not made when it stands after all', async ({ peers, open }) => {
  let resolveName = (): void => {}
  vi.mocked(lookup).mockImplementation(((_name: string, _: object, callback: (error: null, found: object[]) => void) => {
    resolveName = () => callback(null, [{ address: '127.0.0.1', family: 4 }])
  }) as never)
  const url = `http://slow.example:${new URL(peers.url).port}`
  const { sink } = open({ savingCallTimeoutMs: 200 })
  expect(await sink.save(bulkCall(url), new AbortController().signal)).toMatchObject({
    outcome: 'silent',
    outcomeUnknown: false
  })
  resolveName()
  await expect.poll(() => peers.connections(), { timeout: 30_000 }).toBe(1)
  await expect(
    open().rules.fetch({ tenant: 'diku', entityType: 'authority', headers: headersTo(peers.url) })
  ).resolves.toBeDefined()
  expect(peers.callsTo('authority')).toEqual([])
})

test('a name that nobody knows makes rules unavailable', async ({ open }) => {
  vi.mocked(lookup).mockImplementation(((_name: string, _: object, callback: (error: Error) => void) =>
    callback(Object.assign(new Error('getaddrinfo ENOTFOUND okapi.example'), { code: 'ENOTFOUND' }))) as never)
  const asked = open().rules.fetch({
    tenant: 'diku',
    entityType: 'authority',
    headers: headersTo('http://okapi.example:9130')
  })
  await expect(asked).rejects.toMatchObject({
    code: 'RULES_UNAVAILABLE',
    facts: { reason: 'getaddrinfo ENOTFOUND okapi.example' }
  })
})

test('an OKAPI_URL that may not be called is a fault of the configuration', () => {
  expect(() => folioOf({ okapiUrl: 'http://user:secret@okapi:9130' })).toThrow(
    new MigrationError('CONFIG_INVALID', { OKAPI_URL: 'cannot be used: it holds credentials.' })
  )
})
