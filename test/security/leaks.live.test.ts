import { randomUUID } from 'node:crypto'
import { GetObjectCommand, ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import { s3Store } from '@marc-migrations/objects'
import { Kafka, logLevel } from 'kafkajs'
import { afterEach, describe, expect, test } from 'vitest'
import { folioPeers } from '../support/folio-peers.ts'
import { freePort } from '../support/free-port.ts'
import { kafkaMissing, startKafka } from '../support/kafka.ts'
import { aDatabase } from '../support/postgres.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { startS3 } from '../support/s3.ts'
import type { S3Server } from '../support/s3.ts'
import { silentLogger } from '../support/silent-logger.ts'
import { skipSuite } from '../support/skips.ts'
import { createSourceTables, fillAuthorities } from '../support/source-records.ts'
import { enableTenant, until } from '../system/jobs.ts'
import { databaseEnv, endAll, fastProfile, startProcess } from '../system/processes.ts'

const missing = kafkaMissing()
const TENANT = 'diku'
const TOKEN = 'canary-token-3f9c71'
const TOKEN_KEY = 'canary-token-key-77b1d0'
const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await endAll()
  for (const close of closers.splice(0).reverse()) await close()
}, 120_000)

describe.skipIf(missing !== undefined && skipSuite('leaks', missing, 'server'))('a migration, mapped and saved', () => {
  test('leaves its token and the secrets of the service in no log, message, row, object, metric or answer', async () => {
    const [db, s3, kafka] = await Promise.all([aDatabase('empty'), startS3(), startKafka()])
    const bucket = `leaks-${Date.now()}`
    const objects = s3Store({ ...s3, ...s3Times, bucket, logger: silentLogger })
    const peers = await folioPeers({ db, objects })
    closers.push(
      () => db.close(),
      () => s3.stop(),
      () => kafka.stop(),
      () => peers.stop()
    )
    const password = db.password
    await createSourceTables(db, TENANT)
    await fillAuthorities(db, TENANT, 30)
    const env = {
      ...databaseEnv(db),
      ...fastProfile,
      TOKEN_KEY,
      ENV: bucket,
      LOG_LEVEL: 'trace',
      KAFKA_BROKERS: kafka.brokers.join(','),
      KAFKA_REPLICATION_FACTOR: '1',
      S3_URL: s3.url,
      S3_REGION: s3.region,
      S3_BUCKET: bucket,
      S3_ACCESS_KEY_ID: s3.accessKeyId,
      S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
      RECORDS_CHUNK_SIZE: '5'
    }
    const adminPorts = [await freePort(), await freePort()]
    const processes = await Promise.all(
      (['coordinator', 'worker'] as const).map((verb, i) =>
        startProcess(verb, { ...env, ADMIN_PORT: String(adminPorts[i]) })
      )
    )
    await Promise.all(processes.map((each) => each.ready()))
    const url = processes[0]?.url ?? ''
    await enableTenant(url, TENANT)
    const headers = {
      'x-okapi-tenant': TENANT,
      'x-okapi-user-id': randomUUID(),
      'x-okapi-url': peers.url,
      'x-okapi-token': TOKEN,
      'content-type': 'application/json'
    }
    const answers: string[] = []
    const ask = async (method: string, path: string, body?: string): Promise<string> => {
      const answer = await fetch(url + path, { method, headers, ...(body === undefined ? {} : { body }) })
      const text = await answer.text()
      answers.push(text, JSON.stringify([...answer.headers]))
      return text
    }
    const started = await ask('POST', '/marc-migrations', '{"entityType":"authority","operationType":"remapping"}')
    const { id } = JSON.parse(started) as { id: string }
    const is = (status: string) => async () => (await ask('GET', `/marc-migrations/${id}`)).includes(`"${status}"`)
    await until('it is mapped', is('data_mapping_completed'), 180_000)
    await ask('PUT', `/marc-migrations/${id}`, '{"status":"data_saving"}')
    await until('it is saved', is('data_saving_completed'), 180_000)
    expect(peers.calls.every((call) => call.headers['x-okapi-token'] === TOKEN)).toBe(true)

    await ask('PUT', `/marc-migrations/${id}`, `{"status":"${TOKEN}"`)
    await ask('POST', `/marc-migrations/${randomUUID()}/retry`, '[]')
    const metrics = await Promise.all(
      adminPorts.map(async (port) => (await fetch(`http://127.0.0.1:${port}/admin/metrics`)).text())
    )
    const topic = await topicDump(kafka.brokers, `${bucket}.ALL.marc-migrations.chunk`)
    const rows = await tableDump(db)
    const sinks: Record<string, string> = {
      logs: processes.map(({ log }) => JSON.stringify(log)).join('\n'),
      topic,
      rows,
      objects: await objectDump(s3, bucket),
      metrics: metrics.join('\n'),
      answers: answers.filter((text) => !text.includes(`{"status":"${TOKEN}"`)).join('\n')
    }
    for (const [sink, text] of Object.entries(sinks)) {
      expect(text.length, `${sink} is empty: nothing was looked at`).toBeGreaterThan(100)
      for (const secret of [TOKEN, TOKEN_KEY, password, ...(s3.kind === 'named' ? [s3.secretAccessKey] : [])]) {
        for (const spelled of [
          secret,
          Buffer.from(secret).toString('base64').slice(0, -4),
          Buffer.from(secret).toString('hex')
        ]) {
          expect(text.includes(spelled), `${sink} has a secret`).toBe(false)
        }
      }
    }
    expect(await db.query('select 1 from marc_migrations_control.stage_secret')).toEqual([])
  }, 400_000)
})

async function topicDump(brokers: readonly string[], topic: string): Promise<string> {
  const kafka = new Kafka({ brokers: [...brokers], logLevel: logLevel.NOTHING })
  const admin = kafka.admin()
  await admin.connect()
  const offsets = await admin.fetchTopicOffsets(topic)
  await admin.disconnect()
  const wanted = offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0)
  const consumer = kafka.consumer({ groupId: randomUUID() })
  await consumer.connect()
  await consumer.subscribe({ topic, fromBeginning: true })
  const read: string[] = []
  await consumer.run({
    eachMessage: ({ message }) => {
      read.push(JSON.stringify([message.key?.toString(), message.value?.toString(), message.headers]))
      return Promise.resolve()
    }
  })
  await until('the topic is read', () => Promise.resolve(read.length >= wanted && wanted > 0))
  await consumer.disconnect()
  return read.join('\n')
}

async function tableDump(db: TestDatabase): Promise<string> {
  const tables = await db.query<{ name: string }>(
    `select format('%I.%I', table_schema, table_name) as name from information_schema.tables
      where table_schema not in ('pg_catalog', 'information_schema')`
  )
  const rows = await Promise.all(tables.map(({ name }) => db.query(`select t::text from ${name} t`)))
  return JSON.stringify(rows)
}

async function objectDump(s3: S3Server, bucket: string): Promise<string> {
  const credentials = { accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey }
  const client = new S3Client({ endpoint: s3.url, region: s3.region, forcePathStyle: true, credentials })
  const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }))
  const texts = await Promise.all(
    Contents.map(async ({ Key }) => {
      const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }))
      return `${Key} ${(await Body?.transformToString()) ?? ''}`
    })
  )
  client.destroy()
  return texts.join('\n')
}

const s3Times = {
  subPath: 'mod-marc-migrations',
  isAws: false,
  retryCount: 3,
  retryDelayMs: 100,
  connectTimeoutMs: 3000,
  requestTimeoutMs: 30_000,
  maxChunkBytes: 16_777_216
}
