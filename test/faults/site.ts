import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { paginateListObjectsV2 } from '@aws-sdk/client-s3'
import type { ObjectStore, Stores } from '@marc-migrations/domain'
import { s3Store } from '@marc-migrations/objects'
import type { ConnectionOptions } from '@marc-migrations/store'
import { openStores } from '@marc-migrations/store'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll } from 'vitest'
import { s3Client } from '../../libs/objects/src/s3-client.ts'
import { optionsOn } from '../objects-s3/store-on.ts'
import { ownKafkaMissing, startOwnKafka } from '../support/kafka.ts'
import type { OwnKafka } from '../support/kafka.ts'
import { aLink } from '../support/link.ts'
import type { Link } from '../support/link.ts'
import { aDatabase } from '../support/postgres.ts'
import { s3Kind, startS3 } from '../support/s3.ts'
import type { S3Server } from '../support/s3.ts'
import { silentLogger } from '../support/silent-logger.ts'
import { endAll, fastProfile, startProcess } from '../system/processes.ts'
import type { Process } from '../system/processes.ts'
import { startOwnPostgres } from './own-postgres.ts'
import type { OwnPostgres } from './own-postgres.ts'

/** Why the servers of the fault tests cannot be had here; undefined when they can. */
export function serversMissing(): string | undefined {
  return s3Kind() === 's3rver' ? 'needs a real S3 server: npm run test:servers builds one' : ownKafkaMissing()
}

/** What one fault test has to itself: a database, a bucket, a topic, and a line to each server that can go wrong. */
export interface Site {
  readonly dir: string
  readonly bucket: string
  readonly lines: { readonly postgres: Link; readonly kafka: Link; readonly s3: Link }
  readonly kafka: OwnKafka
  readonly s3: S3Server
  /** Statements of the test's own, past the line. */
  readonly query: <R extends pg.QueryResultRow>(sql: string, params?: readonly unknown[]) => Promise<R[]>
  /** @throws where the test has none */
  ownPostgres(): OwnPostgres
  /**
   * A process of the product over the three lines, in short times; ready when this resolves, unless that is not waited for.
   *
   * @param how `command` is that of another build
   */
  start(
    verb: 'coordinator' | 'worker',
    more?: Readonly<Record<string, string>>,
    how?: { readonly command?: string; readonly untilReady?: boolean }
  ): Promise<Process>
  /** Where the database is, past the line. */
  database(): ConnectionOptions
  /** What is in the bucket, past the line. */
  readonly objects: ObjectStore
  /** The auditor's own way to what is stored, past the lines. */
  stored<T>(look: (stores: Stores, objects: ObjectStore) => Promise<T>): Promise<T>
  /** Keys that begin so, sorted; by listing the bucket, as nothing in the product does. */
  keys(prefix: string): Promise<readonly string[]>
}

export interface Servers {
  /** @param ownServer a PostgreSQL of this test's own, to be killed; else a database on the one of the run */
  site(ownServer: boolean): Promise<Site>
}

/** Chunks so small that a job of a few hundred records has dozens of them. */
export const CHUNK = 10

const SHORT = {
  ...fastProfile,
  RECORDS_CHUNK_SIZE: String(CHUNK),
  CHUNK_PERSIST_COUNT: '10',
  CHUNK_PROCESSING_MAX_PARALLELISM: '2',
  WORKER_THREADS: '1',
  KAFKA_TOPIC_PARTITIONS: '4',
  KAFKA_REPLICATION_FACTOR: '1',
  KAFKA_SESSION_TIMEOUT_MS: '6000',
  KAFKA_HEARTBEAT_MS: '2000',
  S3_RETRY_DELAY_MS: '100',
  S3_SUB_PATH: 'test',
  RULES_SOURCE: 'default',
  IMPORT_ENABLED: 'true',
  LOG_LEVEL: 'debug'
}

/** Kafka and S3 for all tests of a file, and for each test what is its own; all of it is gone after the test, however that ended. */
export function theServers(): Servers {
  let kafka: OwnKafka
  let kafkaLine: Link
  let s3: S3Server
  const cleanups: (() => Promise<void>)[] = []

  beforeAll(async () => {
    kafkaLine = await aLink()
    ;[kafka, s3] = await Promise.all([startOwnKafka({ advertisedPort: kafkaLine.port }), startS3()])
    kafkaLine.to(portOf(kafka.brokers[0] ?? ''))
  }, 300_000)
  afterEach(async () => {
    await endAll()
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
    await kafkaLine.open()
  }, 60_000)
  afterAll(async () => {
    await kafkaLine?.close()
    await Promise.all([kafka?.stop(), s3?.stop()])
  })

  return {
    site: async (ownServer) => {
      const dir = await mkdtemp(join(tmpdir(), 'faults-'))
      cleanups.push(() => rm(dir, { recursive: true }))
      const { db, query, ownPostgres } = ownServer ? await aServer(cleanups) : await aShare(cleanups)
      const lines = { postgres: await aLink(), kafka: kafkaLine, s3: await aLink() }
      cleanups.push(
        () => lines.postgres.close(),
        () => lines.s3.close()
      )
      lines.postgres.to(db().port, db().host)
      lines.s3.to(portOf(s3.url), new URL(s3.url).hostname)
      const bucket = `faults-${Date.now()}`
      const objects = s3Store({ ...optionsOn(s3), bucket })
      const env = {
        ...SHORT,
        ...kafkaEnv(bucket, kafkaLine),
        ...databaseEnv(db(), lines.postgres),
        ...s3Env(bucket, s3, lines.s3)
      }
      const processes: Process[] = []
      cleanups.push(() => keepLogs(processes))
      return {
        ...{ dir, bucket, lines, kafka, s3, query, ownPostgres, database: db, objects },
        start: async (verb, more = {}, { command, untilReady = true } = {}) => {
          const process = await startProcess(verb, { ...env, ...more }, undefined, command)
          processes.push(process)
          if (untilReady) await process.ready()
          return process
        },
        keys: (prefix) => keysIn(s3, bucket, prefix),
        stored: async (look) => {
          const stores = await openStores({
            ...db(),
            maxPoolSize: 2,
            subPath: 'test',
            tokenKey: 'of the tests',
            logger: silentLogger
          })
          try {
            return await look(stores, objects)
          } finally {
            await stores.close()
          }
        }
      }
    }
  }
}

interface Place extends Pick<Site, 'query' | 'ownPostgres'> {
  readonly db: () => ConnectionOptions
}

async function aServer(cleanups: (() => Promise<void>)[]): Promise<Place> {
  const postgres = await startOwnPostgres()
  cleanups.push(postgres.stop)
  return { db: postgres.at, query: postgres.query, ownPostgres: () => postgres }
}

async function aShare(cleanups: (() => Promise<void>)[]): Promise<Place> {
  const database = await aDatabase('empty')
  cleanups.push(() => database.close())
  const none = (): never => {
    throw new Error('this test has no PostgreSQL of its own')
  }
  return { db: () => database, query: (sql, params) => database.query(sql, params), ownPostgres: none }
}

function kafkaEnv(env: string, line: Link): Record<string, string> {
  return { ENV: env, KAFKA_BROKERS: `127.0.0.1:${line.port}` }
}

function databaseEnv(db: ConnectionOptions, line: Link): Record<string, string> {
  return {
    DB_HOST: '127.0.0.1',
    DB_PORT: String(line.port),
    DB_DATABASE: db.database,
    DB_USERNAME: db.username,
    DB_PASSWORD: db.password
  }
}

function s3Env(bucket: string, s3: S3Server, line: Link): Record<string, string> {
  return {
    S3_URL: `http://127.0.0.1:${line.port}`,
    S3_REGION: s3.region,
    S3_BUCKET: bucket,
    S3_ACCESS_KEY_ID: s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.secretAccessKey
  }
}

async function keysIn(s3: S3Server, bucket: string, prefix: string): Promise<readonly string[]> {
  const client = s3Client({ ...optionsOn(s3), bucket })
  const keys: string[] = []
  for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket, Prefix: prefix })) {
    keys.push(...(page.Contents ?? []).flatMap(({ Key }) => Key ?? []))
  }
  return keys.sort()
}

const portOf = (address: string): number => Number(address.split(':').at(-1)?.replace(/\D/g, ''))

/** FAULTS_LOGS names a directory where somebody who looks for the cause of a failure finds what each process said. */
async function keepLogs(processes: readonly Process[]): Promise<void> {
  const dir = process.env['FAULTS_LOGS']
  if (dir === undefined) return
  for (const { verb, pid, log } of processes)
    await writeFile(join(dir, `${verb}-${pid}.jsonl`), log.map((line) => `${JSON.stringify(line)}\n`).join(''))
}
