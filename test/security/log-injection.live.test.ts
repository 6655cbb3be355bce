import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createSourceTables, fillAuthorities } from '../support/source-records.ts'
import { aService } from './a-service.ts'
import type { Service } from './a-service.ts'
import { exchange } from './raw-exchange.ts'

const CANARY = 'canary-7c1e'
const FORGED = '{"level":"error","time":"2026-01-01T00:00:00Z","msg":"forged"}'
/** A line break of every kind, a line of ours between two of them, and what makes a terminal clear its screen or turn red. */
const INJECTED = `${CANARY}\n${FORGED}\r\n${FORGED}\u2028${FORGED}\u0085\u001b[2J\u009b31m\u0007\u007f\u202e","msg":"forged"}`
/** The same without what no server takes in a header. */
const IN_A_HEADER = `${CANARY}${FORGED}\u0085\u009b31m\u2028\u202e","msg":"forged"}`
const RAW_CONTROL = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/
const ID = '00000000-0000-4000-8000-000000000000'

let okapi: Server
let okapiUrl: string
let service: Service
beforeAll(async () => {
  okapi = createServer((_request, response) => {
    response.writeHead(500, { 'x-said': Buffer.from(IN_A_HEADER).toString('latin1') }).end(INJECTED)
  })
  await new Promise<void>((resolve) => okapi.listen(0, '127.0.0.1', resolve))
  okapiUrl = `http://127.0.0.1:${(okapi.address() as AddressInfo).port}`
  service = await aService({ RULES_SOURCE: 'folio', METADATA_WAIT_MS: '1000', LOG_LEVEL: 'trace' })
  await createSourceTables(service.db, 'diku')
  await fillAuthorities(service.db, 'diku', 3)
  await service.ask('POST', '/_/tenant', { body: '{"module_to":"x-1"}' })
}, 240_000)
afterAll(async () => {
  await service.close()
  okapi.close()
})

test('whatever a header, an address, a body, a record or a module says, each line of the log is one of ours', async () => {
  const inPath = encodeURIComponent(INJECTED)
  for (const path of [
    `/marc-migrations/${inPath}`,
    `/marc-migrations?entityType=${inPath}&offset=${inPath}`,
    `/marc-migrations/${ID}/chunks?only=${inPath}`,
    `/${inPath}`
  ])
    expect((await service.ask('GET', path)).status, path).toBeLessThan(500)
  expect((await service.upload('diku', inPath, Buffer.from('x'))).status).toBe(400)
  for (const name of [
    'x-okapi-tenant',
    'x-okapi-user-id',
    'x-okapi-url',
    'x-okapi-token',
    'user-agent',
    'traceparent',
    'idempotency-key'
  ])
    for (const text of [INJECTED, IN_A_HEADER]) await raw(name, text)
  for (const body of [
    `{"${INJECTED}`,
    JSON.stringify({ entityType: INJECTED, operationType: INJECTED }),
    JSON.stringify({ entityType: 'authority', operationType: 'import', source: { name: INJECTED } })
  ])
    expect((await service.ask('POST', '/marc-migrations', { body })).status).toBeLessThan(500)
  await service.ask('PUT', `/marc-migrations/${ID}`, { body: JSON.stringify({ status: INJECTED }) })
  await service.ask('POST', `/marc-migrations/${ID}/retry`, { body: JSON.stringify({ chunkIds: [INJECTED] }) })

  // A module that answers the call for the rules so; and a file of which every record says it.
  const refused = await service.run(
    'diku',
    { operationType: 'remapping' },
    { 'x-okapi-url': okapiUrl, 'x-okapi-token': 't' }
  )
  expect(refused.status).toBe('data_mapping_failed')
  const record = { leader: '00000nz  a2200000n  4500', fields: [{ '001': INJECTED }, { [INJECTED]: INJECTED }] }
  const lines = [JSON.stringify(record), INJECTED, JSON.stringify(INJECTED)]
  expect((await service.upload('diku', 'hostile.jsonl', Buffer.from(lines.join('\n')))).status).toBe(201)
  const source = { name: 'hostile.jsonl', format: 'jsonl' }
  await service.run('diku', { operationType: 'import', source }, { 'x-okapi-url': okapiUrl, 'x-okapi-token': 't' })

  const written = service.process.written()
  expect(written, 'nothing of it came to the log at all').toContain(CANARY)
  const events = written.split('\n').slice(0, -1)
  expect(events.length).toBeGreaterThan(20)
  for (const line of events) {
    expect(line).not.toMatch(RAW_CONTROL)
    const event = JSON.parse(line) as Record<string, unknown>
    for (const field of ['level', 'time', 'service', 'msg']) expect(event[field], line).toBeTypeOf('string')
    expect(event['msg']).not.toBe('forged')
  }
}, 300_000)

/** Bytes as they are, which a library would refuse to send. */
async function raw(name: string, text: string): Promise<void> {
  const all = { 'x-okapi-tenant': 'diku', 'x-okapi-user-id': ID, 'content-type': 'application/json', [name]: text }
  const head = Object.entries({ ...all, host: 'localhost', connection: 'close', 'content-length': '2' })
  const bytes = `POST /marc-migrations HTTP/1.1\r\n${head.map(([key, value]) => `${key}: ${value}\r\n`).join('')}\r\n{}`
  const request = { method: 'POST', pieces: [Buffer.from(bytes)], pauseMs: 0, breaksOff: false }
  const answer = await exchange(service.process.port, request, 60_000)
  expect(answer?.status ?? 400, name).toBeLessThan(500)
}
