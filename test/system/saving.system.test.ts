import { setTimeout as delay } from 'node:timers/promises'
import type { EntityType, ObjectStore } from '@marc-migrations/domain'
import { s3Store } from '@marc-migrations/objects'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { peakRssMb } from '../bench/box.ts'
import { folioPeers } from '../support/folio-peers.ts'
import type { FolioPeers } from '../support/folio-peers.ts'
import { kafkaMissing, startKafka } from '../support/kafka.ts'
import type { KafkaServer } from '../support/kafka.ts'
import { fates } from '../support/peer-fate.ts'
import { aDatabase } from '../support/postgres.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { startS3 } from '../support/s3.ts'
import type { S3Server } from '../support/s3.ts'
import { silentLogger } from '../support/silent-logger.ts'
import { skipSuite } from '../support/skips.ts'
import { createSourceTables, fillAuthorities, fillInstances } from '../support/source-records.ts'
import { storesOn } from '../support/store-fixtures.ts'
import { audit, enableTenant, until } from './jobs.ts'
import type { Job } from './jobs.ts'
import { databaseEnv, endAll, fastProfile, startProcess } from './processes.ts'
import type { Process } from './processes.ts'

const missing = kafkaMissing()
const whole = process.env['RUN_SLOW'] === '1'
const AUTHORITIES = whole ? 200_000 : 20_000
const INSTANCES = whole ? 20_000 : 2_000
const TENANT = 'diku'
const TOKEN = 'canary-token-5d1f'

let db: TestDatabase
let s3: S3Server
let kafka: KafkaServer | undefined
let objects: ObjectStore
let peers: FolioPeers
let bucket: string

beforeEach(async () => {
  bucket = `saving-${Date.now()}`
  ;[db, s3] = await Promise.all([aDatabase('empty'), startS3()])
  objects = s3Store({ ...s3, ...s3Times, bucket, logger: silentLogger })
  await createSourceTables(db, TENANT)
}, 120_000)
afterEach(async () => {
  await endAll()
  await peers.stop()
  await Promise.all([db.close(), s3.stop(), kafka?.stop()])
  kafka = undefined
}, 60_000)

const s3Times = {
  subPath: 'mod-marc-migrations',
  isAws: false,
  retryCount: 3,
  retryDelayMs: 100,
  connectTimeoutMs: 3000,
  requestTimeoutMs: 30_000,
  maxChunkBytes: 16_777_216
}

/** The environment of the module replaced: names it knows, and no other. */
const folioEnv = (): Record<string, string> => ({
  ...databaseEnv(db),
  ENV: bucket,
  S3_URL: s3.url,
  S3_REGION: s3.region,
  S3_BUCKET: bucket,
  S3_ACCESS_KEY_ID: s3.accessKeyId,
  S3_SECRET_ACCESS_KEY: s3.secretAccessKey
})

async function aCluster(workers: number): Promise<Process> {
  kafka = await startKafka()
  const env = { ...folioEnv(), ...fastProfile, KAFKA_BROKERS: kafka.brokers.join(','), KAFKA_REPLICATION_FACTOR: '1' }
  const coordinator = await startProcess('coordinator', env)
  await coordinator.ready()
  const started = await Promise.all(Array.from({ length: workers }, () => startProcess('worker', env)))
  await Promise.all(started.map((worker) => worker.ready()))
  await enableTenant(coordinator.url, TENANT)
  return coordinator
}

const headers = () => ({
  'x-okapi-tenant': TENANT,
  'x-okapi-user-id': '11111111-1111-4111-8111-111111111111',
  'x-okapi-url': peers.url,
  'x-okapi-token': TOKEN,
  'content-type': 'application/json'
})

type Answer = {
  id: string
  status: string
  totalNumOfRecords: number
  mappedNumOfRecords: number
  savedNumOfRecords: number
}

async function start(base: string, entityType: EntityType): Promise<Job> {
  const body = JSON.stringify({ entityType, operationType: 'remapping' })
  const answer = await fetch(`${base}/marc-migrations`, { method: 'POST', headers: headers(), body })
  expect(answer.status).toBe(201)
  return { tenant: TENANT, id: ((await answer.json()) as Answer).id }
}

async function get(base: string, { id }: Job): Promise<Answer> {
  return (await (await fetch(`${base}/marc-migrations/${id}`, { headers: headers() })).json()) as Answer
}

/** Polls as a client would; saved never passes total, whatever happens. */
async function untilStatus(base: string, job: Job, ...statuses: readonly string[]): Promise<Answer> {
  const end = Date.now() + 600_000
  for (;;) {
    const operation = await get(base, job)
    expect(operation.savedNumOfRecords).toBeLessThanOrEqual(operation.totalNumOfRecords)
    if (statuses.includes(operation.status)) return operation
    if (operation.status.endsWith('_failed')) throw new Error(`${operation.status}:\n${await whyFailed(job)}`)
    if (Date.now() > end) throw new Error(`still ${operation.status}`)
    await delay(100)
  }
}

/** What the database and the first line of each chunk's reasons say of a stage that failed. */
async function whyFailed({ id }: Job): Promise<string> {
  const schema = `${TENANT}_mod_marc_migrations`
  const [operation] = await db.query(`select status, stop_reason from ${schema}.operation where id = $1`, [id])
  const failed = await db.query<{ key: string }>(
    `select error_chunk_file_name as key from ${schema}.operation_chunk_step
      where operation_id = $1 and error_chunk_file_name is not null`,
    [id]
  )
  const reasons = await Promise.all(failed.map(async ({ key }) => (await textOf(key).catch(String)).split('\n', 1)[0]))
  return [JSON.stringify(operation), ...new Set(reasons)].join('\n')
}

async function save(base: string, job: Job): Promise<void> {
  const body = '{"status":"data_saving"}'
  const answer = await fetch(`${base}/marc-migrations/${job.id}`, { method: 'PUT', headers: headers(), body })
  expect(answer.status).toBe(204)
}

/** Stored entities are the mapped ones, one for one, as their lines say. */
async function expectAllStored(job: Job, type: EntityType, records: number): Promise<void> {
  const stores = await storesOn(db)
  const manifest = await audit(job, stores, objects)
  await stores.close()
  expect(manifest.findings).toEqual([])
  expect(manifest).toMatchObject({ total: records, mapped: records, rejected: 0, saved: records })
  const stored = new Map((await peers.stored(TENANT, type)).map((each) => [each.id, each.entity]))
  expect(stored.size).toBe(records)
  let lines = 0
  for (const { key } of manifest.objects) {
    expect(key).toMatch(new RegExp(`^mod-marc-migrations/operation/${job.id}/[0-9a-f-]{36}(_e\\d+)?_entity$`))
    for (const line of (await textOf(key)).trimEnd().split('\n')) {
      lines++
      const { _version: sent, ...entity } = JSON.parse(line) as Record<string, unknown>
      const { _version: now, ...same } = stored.get(String(entity['id'])) ?? {}
      expect(same).toEqual(entity)
      expect(Number.isInteger(sent) && Number.isInteger(now)).toBe(true)
      expect(entity['source']).toBe('MARC')
      // Both are read by the storage module without a look whether they are there; without one, a whole file fails.
      if (type === 'instance')
        expect([entity['precedingTitles'], entity['succeedingTitles']].every(Array.isArray)).toBe(true)
    }
  }
  expect(lines).toBe(records)
}

async function objectKeysOf(job: Job): Promise<readonly string[]> {
  const stores = await storesOn(db)
  const manifest = await audit(job, stores, objects)
  await stores.close()
  return manifest.objects.map(({ key }) => key)
}

async function textOf(key: string): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of objects.read(key)) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8')
}

describe.skipIf(missing !== undefined && skipSuite('saving', missing, 'server'))('mapped and saved by three workers', () => {
  test(`${AUTHORITIES} authorities and ${INSTANCES} instances, one bulk call a chunk`, async () => {
    peers = await folioPeers({ db, objects })
    await fillAuthorities(db, TENANT, AUTHORITIES)
    await fillInstances(db, TENANT, INSTANCES)
    const { url } = await aCluster(3)
    const jobs = [
      { type: 'authority', records: AUTHORITIES, job: await start(url, 'authority') },
      { type: 'instance', records: INSTANCES, job: await start(url, 'instance') }
    ] as const
    for (const { job } of jobs) await untilStatus(url, job, 'data_mapping_completed')
    expect(peers.callsTo('metadata')).toHaveLength(2)
    await Promise.all(jobs.map(({ job }) => save(url, job)))
    for (const { type, records, job } of jobs) {
      const ended = await untilStatus(url, job, 'data_saving_completed')
      expect(ended).toMatchObject({ totalNumOfRecords: records, mappedNumOfRecords: records, savedNumOfRecords: records })
      await expectAllStored(job, type, records)
      expect(peers.callsTo(type)).toHaveLength(Math.ceil(records / 500))
    }
  }, 900_000)

  test('the same, with a fifth of the bulk calls answered 503, or cut off after the change was made', async () => {
    peers = await folioPeers({ db, objects, authorityUpsertRaises: true })
    const chance = { seed: 7, share: 0.2, fates: [fates.answer(503), fates.cutAfter], mostInARow: 2 }
    for (const type of ['authority', 'instance'] as const) peers.atRandom(type, chance)
    await fillAuthorities(db, TENANT, AUTHORITIES)
    await fillInstances(db, TENANT, INSTANCES)
    const { url } = await aCluster(3)
    const jobs = [
      { type: 'authority', records: AUTHORITIES, job: await start(url, 'authority') },
      { type: 'instance', records: INSTANCES, job: await start(url, 'instance') }
    ] as const
    for (const { job } of jobs) await untilStatus(url, job, 'data_mapping_completed')
    await Promise.all(jobs.map(({ job }) => save(url, job)))
    for (const { type, records, job } of jobs) {
      await untilStatus(url, job, 'data_saving_completed')
      await expectAllStored(job, type, records)
    }
    expect(peers.callsTo('authority').length).toBeGreaterThan(Math.ceil(AUTHORITIES / 500))
    // Both kinds of trouble came, and what was applied unheard was found by reading back.
    expect(peers.callsTo('authority').some(({ status }) => status === 503)).toBe(true)
    expect(peers.callsTo('authority').some(({ applied, status }) => applied && status === null)).toBe(true)
    expect(peers.callsTo('read').length).toBeGreaterThan(0)
  }, 900_000)
})

test('one process with nothing but the environment of the module it replaces maps, saves and expires within 512 MiB', async () => {
  peers = await folioPeers({ db, objects })
  await fillAuthorities(db, TENANT, 20_000)
  const serve = await startProcess('serve', folioEnv())
  await serve.ready()
  await enableTenant(serve.url, TENANT)
  const job = await start(serve.url, 'authority')
  await untilStatus(serve.url, job, 'data_mapping_completed')
  await save(serve.url, job)
  await untilStatus(serve.url, job, 'data_saving_completed')
  await expectAllStored(job, 'authority', 20_000)
  expect(peakRssMb(serve.pid)).toBeLessThanOrEqual(512)
  const said = serve.log.map((line) => JSON.stringify(line)).join('\n')
  expect(said).not.toContain(TOKEN)
  await until(
    'the token is gone',
    async () => (await db.query('select 1 from marc_migrations_control.stage_secret')).length === 0
  )

  // A week later. The process dies between the deletion of the rows and that of the objects.
  const keys = [...(await objectKeysOf(job)), `mod-marc-migrations/operation/${job.id}/nobody-knows-whose`]
  await objects.put(keys.at(-1) ?? '', Buffer.from('x'))
  await db.query(
    `update ${TENANT}_mod_marc_migrations.operation set start_time_mapping = start_time_mapping - interval '8 days'`
  )
  expect((await fetch(`${serve.url}/marc-migrations/expire`, { method: 'POST', headers: headers() })).status).toBe(202)
  expect((await fetch(`${serve.url}/marc-migrations/${job.id}`, { headers: headers() })).status).toBe(404)
  serve.kill('SIGKILL')
  await serve.ended()
  await objects.delete(keys[0] ?? '') // as one that died in the middle of it would have left them
  expect(await objects.head(keys[1] ?? '')).not.toBeNull()
  await db.query('update marc_migrations_control.tombstone set due_at = now()')
  const next = await startProcess('serve', { ...folioEnv(), ...fastProfile })
  await next.ready()
  await until('no object is left', async () => {
    const left = await Promise.all(keys.map((key) => objects.head(key)))
    return left.every((info) => info === null)
  })
  await until(
    'nor a tombstone',
    async () => (await db.query('select 1 from marc_migrations_control.tombstone')).length === 0
  )
}, 300_000)
