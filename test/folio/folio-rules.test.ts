import { MigrationError } from '@marc-migrations/domain'
import type { RulesRequest, RulesSource } from '@marc-migrations/domain'
import { defaultRules } from '@marc-migrations/mapping'
import { describe, expect } from 'vitest'
import { fates, type Fate } from '../support/peer-fate.ts'
import { headersTo, test, TOKEN } from './folio-fixtures.ts'
import { rawServer } from './raw-server.ts'

const request = (url: string, change: Partial<RulesRequest> = {}): RulesRequest => ({
  tenant: 'diku',
  entityType: 'authority',
  headers: headersTo(url),
  ...change
})

async function faultOf(rules: RulesSource, of: RulesRequest): Promise<MigrationError> {
  const error: unknown = await rules.fetch(of).then(
    () => undefined,
    (thrown: unknown) => thrown
  )
  if (!(error instanceof MigrationError)) throw new Error('no fault of ours', { cause: error })
  return error
}

describe("rules of FOLIO's mapping metadata", () => {
  test('are asked for by type of record', async ({ peers, open }) => {
    const { rules } = open()
    expect(await rules.fetch(request(peers.url))).toEqual(defaultRules.authority)
    expect(await rules.fetch(request(peers.url, { entityType: 'instance' }))).toEqual(defaultRules.instance)
    expect(peers.calls.map(({ method, path }) => `${method} ${path}`)).toEqual([
      'GET /mapping-metadata/type/marc-authority',
      'GET /mapping-metadata/type/marc-bib'
    ])
  })

  test('are asked for with all Okapi headers and the language as they came, and with nothing else', async ({
    peers,
    open
  }) => {
    const headers = {
      ...headersTo(peers.url),
      'x-okapi-request-id': '123456/marc-migrations',
      'x-okapi-permissions': '["a.b.get"]',
      'x-okapi-given-name': 'Antonín Dvoøák',
      'accept-language': 'cs, en;q=0.5'
    }
    await open().rules.fetch(request(peers.url, { headers: { ...headers, cookie: 'folio=1', authorization: 'Basic eA==' } }))
    const [call] = peers.calls
    expect(call?.headers).toEqual({
      ...headers,
      accept: 'application/json',
      host: new URL(peers.url).host,
      connection: 'keep-alive'
    })
  })

  test('with empty reference data are good rules', async ({ peers, open }) => {
    peers.rules.authority = { rules: '{"100":[]}', params: '{}' }
    expect(await open().rules.fetch(request(peers.url))).toEqual({ rules: '{"100":[]}', params: '{}' })
  })

  test('cannot be had for a stage that nobody asked for', async ({ peers, open }) => {
    const fault = await faultOf(open().rules, request(peers.url, { headers: {} }))
    expect(fault).toMatchObject({ code: 'CREDENTIALS_MISSING', facts: { tenant: 'diku' } })
    expect(peers.calls).toEqual([])
  })
})

const texts = (mappingRules: unknown, mappingParams: unknown) => fates.answer(200, { mappingRules, mappingParams })
const elsewhere = { location: 'http://127.0.0.1:9/' }

describe('rules are unavailable, with a reason and a place to look, after', () => {
  const cases: readonly [string, Fate, RegExp][] = [
    ['status 500', fates.answer(500, 'broken'), /status 500 broken .*lookAt=mod-source-record-manager/],
    ['status 404', fates.answer(404, 'nothing'), /status 404 nothing .*enabled for the tenant/],
    ['status 400', fates.answer(400, 'no such type'), /status 400 no such type/],
    ['status 401', fates.answer(401, `Invalid token: ${TOKEN}`), /Invalid token: \[withheld\].*permission mapping-metadata/],
    ['status 403', fates.answer(403, { token: TOKEN.split('.')[1] }), /status 403 \{"token":"\[withheld\]"\}/],
    ['a redirect, which is not followed', fates.answer(302, '', elsewhere), /status 302/],
    ['no rules', texts(undefined, '{}'), /no mappingRules.*lookAt=the mapping rules of marc-authority/],
    ['blank rules', texts(' \n', '{}'), /no mappingRules/],
    ['rules that are no text', texts({ 100: [] }, '{}'), /no mappingRules/],
    ['rules that are no JSON', texts('{"100":', '{}'), /mappingRules of the answer is no text of a JSON object/],
    ['rules that are a list', texts('[]', '{}'), /mappingRules of the answer is no text of a JSON object/],
    ['no reference data', texts('{}', null), /no mappingParams/],
    ['reference data that is no JSON', texts('{}', 'null'), /mappingParams of the answer is no text/],
    ['an empty answer', fates.answer(200, ''), /no JSON object/],
    ['a page', fates.answer(200, '<html>Welcome</html>'), /no JSON object/],
    ['more than 16 MiB', fates.answer(200, 'x'.repeat(16 * 1024 * 1024 + 1)), /larger than 16 MiB/],
    ['a cut before the answer', fates.cutBefore, /lookAt=X-Okapi-Url of the request, else OKAPI_URL/],
    ['a cut within the answer', fates.cutMidway, /lookAt=X-Okapi-Url/]
  ]

  test.for(cases)('%s', async ([, fate, message], { peers, open }) => {
    peers.always('metadata', fate)
    const fault = await faultOf(open().rules, request(peers.url))
    expect(fault.code).toBe('RULES_UNAVAILABLE')
    expect(fault.message).toMatch(message)
    expect(fault.message).toContain(`GET ${peers.url}/mapping-metadata/type/marc-authority`)
    for (const part of [TOKEN, ...TOKEN.split('.')])
      expect(JSON.stringify([fault, fault.message, fault.stack])).not.toContain(part)
    expect(peers.calls).toHaveLength(1)
  })

  test('silence for longer than the time of one call', async ({ peers, open }) => {
    peers.always('metadata', fates.hangBefore)
    const fault = await faultOf(open({ timeoutMs: 300 }).rules, request(peers.url))
    expect(fault.facts).toMatchObject({ reason: 'no whole answer within 300 ms' })
  })

  test('an answer that trickles on for longer', async ({ open }) => {
    const { url, close } = await rawServer((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n')
      const trickle = setInterval(() => socket.write(' '), 20)
      socket.on('close', () => clearInterval(trickle))
    })
    const fault = await faultOf(open({ timeoutMs: 500 }).rules, request(url))
    expect(fault.facts).toMatchObject({ reason: 'no whole answer within 500 ms' })
    await close()
  })

  test('an answer that is no HTTP', async ({ open }) => {
    const { url, close } = await rawServer((socket) => socket.end('SSH-2.0-OpenSSH_9.2\r\n'))
    expect(await faultOf(open().rules, request(url))).toMatchObject({ code: 'RULES_UNAVAILABLE' })
    await close()
  })

  test('a connection that is refused', async ({ open }) => {
    const { url, close } = await rawServer(() => {})
    await close()
    expect((await faultOf(open().rules, request(url))).facts['reason']).toMatch(/ECONNREFUSED/)
  })

  test('a connection that never stands', async ({ open }) => {
    const { url, close } = await rawServer(() => {})
    const fault = await faultOf(open({ connectTimeoutMs: 300 }).rules, request(url.replace('http', 'https')))
    expect(fault.facts['reason']).toMatch(/Connect Timeout/)
    await close()
  })

  test('the client was closed', async ({ peers, open }) => {
    const { client, rules } = open()
    await client.close()
    expect(await faultOf(rules, request(peers.url))).toMatchObject({ code: 'RULES_UNAVAILABLE' })
  })

  test('a header no request can carry, which the message names and does not show', async ({ peers, open }) => {
    const headers = { ...headersTo(peers.url), 'x-okapi-token': `${TOKEN}\r\nx-evil: 1` }
    const fault = await faultOf(open().rules, request(peers.url, { headers }))
    expect(fault.facts['reason']).toBe('invalid x-okapi-token header')
    expect(peers.calls).toEqual([])
  })
})
