import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { folioPeers } from '../support/folio-peers.ts'
import type { FolioPeers } from '../support/folio-peers.ts'
import { createSourceTables, fillAuthorities } from '../support/source-records.ts'
import { aService } from './a-service.ts'
import type { Service } from './a-service.ts'

let service: Service
let peers: FolioPeers
let canary: Server
let canaryUrl: string
let hits = 0

beforeAll(async () => {
  canary = createServer((_request, response) => {
    hits++
    response.end('{}')
  })
  canary.on('connection', () => hits++)
  await new Promise<void>((resolve) => canary.listen(0, '127.0.0.1', resolve))
  canaryUrl = `http://127.0.0.1:${(canary.address() as AddressInfo).port}`
  peers = await folioPeers()
  service = await aService({ RULES_SOURCE: 'folio', OKAPI_URL_ALLOWED: peers.url, METADATA_WAIT_MS: '2000' })
  await createSourceTables(service.db, 'diku')
  await fillAuthorities(service.db, 'diku', 3)
  await service.ask('POST', '/_/tenant', { body: '{"module_to":"x-1"}' })
}, 240_000)
afterAll(async () => {
  await service.close()
  await peers.stop()
  canary.close()
})

const START = JSON.stringify({ entityType: 'authority', operationType: 'remapping' })

function strangers(): readonly string[] {
  const { port } = new URL(canaryUrl)
  return [
    canaryUrl,
    `http://localhost:${port}`,
    `http://[::1]:${port}`,
    `${peers.url}@127.0.0.1:${port}`,
    `${peers.url}.example:${port}`,
    'http://169.254.169.254/latest/meta-data',
    'http://[fe80::1]:9130',
    'file:///etc/passwd',
    'gopher://127.0.0.1:70/',
    'nonsense'
  ]
}

describe('X-Okapi-Url outside OKAPI_URL_ALLOWED', () => {
  test('is refused by every call that would send a token there; the canary hears nothing, no operation is made', async () => {
    const known = await service.run('diku', { operationType: 'remapping' }, { 'x-okapi-url': peers.url })
    const before = await operations()
    for (const url of strangers()) {
      for (const [method, path, body] of [
        ['POST', '/marc-migrations', START],
        ['PUT', `/marc-migrations/${known.id}`, '{"status":"data_saving"}'],
        ['POST', `/marc-migrations/${known.id}/retry`, `["${known.id}"]`],
        ['POST', `/marc-migrations/${known.id}/save/retry`, `["${known.id}"]`],
        ['POST', `/marc-migrations/${known.id}/retry-failed`, undefined]
      ] as const) {
        const headers = { 'x-okapi-url': url, 'x-okapi-token': 'canary' }
        const answer = await service.ask(method, path, { headers, ...(body === undefined ? {} : { body }) })
        expect(answer.status, `${method} ${path} to ${url}`).toBe(400)
        expect(await answer.text()).toContain('OKAPI_URL_REFUSED')
      }
    }
    expect(await operations()).toBe(before)
    expect(hits).toBe(0)
  })
})

test('a redirect is not followed: the rules count as unavailable, the canary hears nothing', async () => {
  for (const status of [301, 302, 303, 307, 308]) {
    peers.always('metadata', { answer: { status, headers: { location: `${canaryUrl}/elsewhere` }, body: {} } })
    const ended = await service.run('diku', { operationType: 'remapping' }, { 'x-okapi-url': peers.url })
    expect(ended, String(status)).toMatchObject({ status: 'data_mapping_failed', mappedNumOfRecords: 0 })
  }
  peers.always('metadata', null)
  expect(peers.callsTo('metadata').length).toBeGreaterThan(4)
  expect(hits).toBe(0)
})

async function operations(): Promise<number> {
  return ((await (await service.ask('GET', '/marc-migrations')).json()) as { totalRecords: number }).totalRecords
}
