import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { s3Store } from '@marc-migrations/objects'
import { openStores } from '@marc-migrations/store'
import pg from 'pg'
import { expect } from 'vitest'
import { silentLogger } from '../../support/silent-logger.ts'
import { createSourceTables, fillAuthorities } from '../../support/source-records.ts'
import { audit, enableTenant, startJob, untilTerminal } from '../../system/jobs.ts'
import type { Job } from '../../system/jobs.ts'
import { endAll, fastProfile, startProcess } from '../../system/processes.ts'
import type { Process } from '../../system/processes.ts'
import { nameService } from './name-service.ts'
import type { NameService } from './name-service.ts'
import { openNetwork } from './network.ts'
import type { Host, Network } from './network.ts'
import { FOLIO_PORT, folioOn, kafkaOn, nginxOn, postgresOn, S3_REGION, s3Keys, s3On } from './servers.ts'
import type { Placed } from './servers.ts'

export const TENANT = 'alpha'
const STORED = 6_000
const CHUNK = 10
const END_LIMIT_MS = 300_000
/**
 * Time between two uploads of a worker while its rate is measured: it costs it a tenth of a core, and a busy machine nothing, for
 * with all its slots in use the next chunk waits for its turn already.
 */
const PACE_MS = 250

/** Chunks a second of a worker that is held at its rate. */
export const HELD_RATE = 1000 / PACE_MS

const BROKERS = ['kafka1', 'kafka2', 'kafka3'] as const
const NODES = ['coordinator1', 'coordinator2', 'worker1', 'worker2'] as const
const SERVERS = ['balancer', 'postgres', 's3', 'folio', ...BROKERS] as const
export type HostName = (typeof NODES)[number] | (typeof SERVERS)[number]

/** A node of the product on a host of its own. */
export interface Node {
  readonly host: Host
  readonly process: Process
}

/** Four hosts with a node each, and every server they need on one of its own. */
export interface Cluster {
  readonly url: string
  readonly coordinators: readonly [Node, Node]
  readonly workers: readonly [Node, Node]
  readonly names: NameService
  host(name: HostName): Host
  query<R extends pg.QueryResultRow>(sql: string, params?: readonly unknown[]): Promise<R[]>
  /** A remapping of all that is stored. */
  start(): Promise<Job>
  /** Workers are held at their rate, or work as fast as they can. */
  holdWorkers(held: boolean): void
  /** Lets the workers go, waits for the end, and has the auditor look: every record is mapped, and once. */
  finish(job: Job): Promise<void>
  /** Every cable in, every name known. */
  mendAll(): void
  close(): Promise<void>
}

export async function startCluster(): Promise<Cluster> {
  const dir = await mkdtemp(join(tmpdir(), 'network-'))
  const net = openNetwork([...NODES, ...SERVERS])
  const placed: Placed[] = [{ stop: () => rm(dir, { recursive: true, maxRetries: 5 }) }, { stop: net.close }]
  const close = async (): Promise<void> => {
    await endAll()
    for (const each of placed.splice(0).reverse()) await each.stop()
  }
  try {
    return await open(net, dir, placed, close)
  } catch (error) {
    await close()
    throw error
  }
}

async function open(net: Network, dir: string, placed: Placed[], close: () => Promise<void>): Promise<Cluster> {
  const host = (name: HostName): Host => net.host(name)
  const at = (name: HostName): readonly string[] => [host(name).address]
  const known = Object.fromEntries([...NODES, ...SERVERS].map((name) => [name, at(name)]))
  const names = await nameService(net.address, { ...known, coordinator: [...at('coordinator1'), ...at('coordinator2')] })
  placed.push({ stop: () => Promise.resolve(names.close()) })
  const [postgres, ...others] = await Promise.all([
    postgresOn(host('postgres')),
    s3On(host('s3'), dir),
    folioOn(host('folio'), dir),
    kafkaOn(BROKERS.map(host), dir)
  ])
  placed.push(postgres, ...others)
  const query = async <R extends pg.QueryResultRow>(sql: string, params: readonly unknown[] = []): Promise<R[]> => {
    const { host, port, database, username: user, password } = postgres.at
    const client = new pg.Client({ host, port, database, user, password, application_name: 'test' })
    client.on('error', () => {})
    await client.connect()
    try {
      return (await client.query<R>(sql, [...params])).rows
    } finally {
      await client.end()
    }
  }
  await createSourceTables({ query }, TENANT)
  await fillAuthorities({ query }, TENANT, STORED)

  const env = environment(postgres.at)
  const start = async (name: (typeof NODES)[number], verb: string): Promise<Node> => {
    const { address, through } = host(name)
    const held = verb === 'worker' ? { NODE_ENV: 'test', FAILPOINTS: `before.objects.put=pace:${PACE_MS}` } : {}
    const process = await startProcess(verb, { ...env, ...held }, { address, port: 8081, through })
    await process.ready()
    return { host: host(name), process }
  }
  const coordinators = await Promise.all([start('coordinator1', 'coordinator'), start('coordinator2', 'coordinator')])
  const workers = await Promise.all([start('worker1', 'worker'), start('worker2', 'worker')])
  placed.push(await nginxOn(host('balancer'), net.address, dir))
  const url = `http://${host('balancer').address}:8080`
  await enableTenant(url, TENANT)

  let areHeld = true
  const holdWorkers = (held: boolean): void => {
    if (held !== areHeld) for (const { process } of workers) process.kill('SIGWINCH')
    areHeld = held
  }
  return {
    url,
    coordinators,
    workers,
    names,
    host,
    query,
    start: () => startJob(url, TENANT, { operationType: 'remapping' }),
    holdWorkers,
    finish: async (job) => {
      holdWorkers(false)
      await untilTerminal(url, [job], END_LIMIT_MS)
      const options = { ...postgres.at, maxPoolSize: 2, subPath: 'test', tokenKey: 'of the tests', logger: silentLogger }
      const stores = await openStores(options)
      try {
        const manifest = await audit(job, stores, s3Store(objectsAt(host('s3').address)))
        expect(manifest.findings).toEqual([])
        expect(manifest).toMatchObject({ status: 'DATA_MAPPING_COMPLETED', total: STORED, mapped: STORED, drift: 0 })
      } finally {
        await stores.close()
      }
    },
    mendAll: () => {
      for (const name of [...NODES, ...SERVERS]) {
        host(name).plug()
        names.mend(host(name).address)
      }
      for (const { host: coordinator } of coordinators) host('balancer').find(coordinator)
    },
    close
  }
}

const BUCKET = 'network'

function environment(db: { readonly database: string; readonly username: string; readonly password: string }) {
  return {
    ...fastProfile,
    DB_HOST: 'postgres',
    DB_DATABASE: db.database,
    DB_USERNAME: db.username,
    DB_PASSWORD: db.password,
    KAFKA_BROKERS: BROKERS.map((name) => `${name}:9092`).join(','),
    KAFKA_REPLICATION_FACTOR: '3',
    KAFKA_TOPIC_PARTITIONS: '6',
    KAFKA_SESSION_TIMEOUT_MS: '6000',
    KAFKA_HEARTBEAT_MS: '2000',
    ENV: 'network',
    S3_URL: 'http://s3:7070',
    S3_REGION,
    S3_BUCKET: BUCKET,
    S3_ACCESS_KEY_ID: s3Keys.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3Keys.secretAccessKey,
    S3_SUB_PATH: 'test',
    RULES_SOURCE: 'folio',
    OKAPI_URL: `http://folio:${FOLIO_PORT}`,
    RECORDS_CHUNK_SIZE: String(CHUNK),
    WORKER_THREADS: '1'
  }
}

function objectsAt(address: string): Parameters<typeof s3Store>[0] {
  return {
    ...s3Keys,
    url: `http://${address}:7070`,
    region: S3_REGION,
    bucket: BUCKET,
    subPath: 'test',
    isAws: false,
    retryCount: 3,
    retryDelayMs: 100,
    connectTimeoutMs: 3000,
    requestTimeoutMs: 30_000,
    maxChunkBytes: 16_777_216,
    logger: silentLogger
  }
}
