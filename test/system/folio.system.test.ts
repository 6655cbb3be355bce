import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EntityType } from '@marc-migrations/domain'
import { directoryStore } from '@marc-migrations/objects'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { folioPeers, type FolioPeers } from '../support/folio-peers.ts'
import { fates } from '../support/peer-fate.ts'
import { aDatabase, type TestDatabase } from '../support/postgres.ts'
import { silentLogger } from '../support/silent-logger.ts'
import { createSourceTables, fillAuthorities, fillInstances } from '../support/source-records.ts'
import { enableTenant, untilTerminal } from './jobs.ts'
import { databaseEnv, endAll, fastProfile, startProcess, type Process } from './processes.ts'

const TENANT = 'alpha'
const COUNTS: Readonly<Record<EntityType, number>> = { authority: 81, instance: 110 }
const TOKEN = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnktdXNlciJ9.c2lnbmF0dXJlLW9mLXRoZS1jYW5hcnk'

let dir: string
let db: TestDatabase
let peers: FolioPeers
let serve: Process
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'system-'))
  db = await aDatabase('empty')
  peers = await folioPeers({ db, objects: directoryStore({ dir: join(dir, 'objects'), logger: silentLogger }) })
  await createSourceTables(db, TENANT)
  await fillAuthorities(db, TENANT, COUNTS.authority)
  await fillInstances(db, TENANT, COUNTS.instance)
  // What an operator gives the image, and nothing that names rules or a gateway.
  const env = { ...databaseEnv(db), ...fastProfile, OBJECTS_DIR: join(dir, 'objects'), RECORDS_CHUNK_SIZE: '10' }
  serve = await startProcess('serve', env)
  await serve.ready()
  await enableTenant(serve.url, TENANT)
})
afterEach(async () => {
  await endAll()
  await peers.stop()
  await db.close()
  await rm(dir, { recursive: true })
})

async function ask(method: string, path: string, body?: object, headers: Readonly<Record<string, string>> = {}) {
  const answer = await fetch(`${serve.url}/marc-migrations${path}`, {
    method,
    headers: {
      'x-okapi-tenant': TENANT,
      'x-okapi-user-id': '11111111-1111-4111-8111-111111111111',
      'x-okapi-url': peers.url,
      'x-okapi-token': TOKEN,
      'accept-language': 'cs',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) })
  })
  const text = await answer.text()
  return { status: answer.status, json: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown> }
}

async function run(entityType: EntityType): Promise<string> {
  const { status, json } = await ask('POST', '', { entityType, operationType: 'remapping' })
  expect({ status, total: json['totalNumOfRecords'] }).toEqual({ status: 201, total: COUNTS[entityType] })
  const id = String(json['id'])
  await untilTerminal(serve.url, [{ tenant: TENANT, id }], 120_000)
  expect((await ask('GET', `/${id}`)).json).toMatchObject({
    status: 'data_mapping_completed',
    mappedNumOfRecords: COUNTS[entityType]
  })
  return id
}

async function save(id: string): Promise<Record<string, unknown>> {
  expect((await ask('PUT', `/${id}`, { status: 'data_saving', publishEvents: false })).status).toBe(204)
  await untilTerminal(serve.url, [{ tenant: TENANT, id }], 120_000)
  return (await ask('GET', `/${id}`)).json
}

test('the image maps by the rules of FOLIO and has both storages save, through a busy gateway and a cut answer', async () => {
  for (const target of ['authority', 'instance'] as const) {
    // Two at most can meet one chunk, which has three tries.
    peers.next(target, fates.cutAfter, fates.appliedBut(504))
    const id = await run(target)
    const total = COUNTS[target]
    expect(await save(id)).toMatchObject({ status: 'data_saving_completed', savedNumOfRecords: total })
    expect(await peers.stored(TENANT, target)).toHaveLength(total)
    const calls = peers.callsTo(target)
    expect(calls).toHaveLength(Math.ceil(total / 10) + 2)
    for (const { headers, body } of [...calls, ...peers.callsTo('metadata')]) {
      expect(headers).toMatchObject({ 'x-okapi-tenant': TENANT, 'x-okapi-token': TOKEN, 'accept-language': 'cs' })
      if (body !== undefined) expect(body).toMatchObject({ publishEvents: false })
    }
  }
  // The instances saved by a call that nobody heard of conflict with the next, and are found to be as they should.
  expect(peers.callsTo('read').map(({ path }) => path.split('?')[0])).toContain('/instance-storage/instances')
  expect(JSON.stringify(serve.log)).toContain('folio.call-repeated')
  for (const part of TOKEN.split('.')) expect(JSON.stringify(serve.log)).not.toContain(part)
  expect(await db.query('select * from marc_migrations_control.stage_secret')).toEqual([])
}, 400_000)

test('an address that may not be called is refused at the door, and nothing is begun', async () => {
  const refused = await ask(
    'POST',
    '',
    { entityType: 'authority', operationType: 'remapping' },
    { 'x-okapi-url': 'http://2852039166/' }
  )
  expect(refused.status).toBe(400)
  expect((await ask('GET', '')).json).toMatchObject({ totalRecords: 0 })
})
