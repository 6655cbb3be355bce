import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { s3Store } from '@marc-migrations/objects'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { kafkaMissing, startKafka } from '../support/kafka.ts'
import type { KafkaServer } from '../support/kafka.ts'
import { aDatabase } from '../support/postgres.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { startS3 } from '../support/s3.ts'
import type { S3Server } from '../support/s3.ts'
import { silentLogger } from '../support/silent-logger.ts'
import { skipSuite } from '../support/skips.ts'
import { createSourceTables, fillAuthorities } from '../support/source-records.ts'
import { storesOn } from '../support/store-fixtures.ts'
import {
  audit,
  countedChunks,
  enableTenant,
  killHoldingALease,
  leasesOf,
  repeatedChunks,
  startImport,
  startJob,
  until,
  untilTerminal
} from './jobs.ts'
import { nginxMissing, startNginx } from './nginx.ts'
import type { LoadBalancer } from './nginx.ts'
import { databaseEnv, endAll, fastProfile, startProcess } from './processes.ts'
import type { Process } from './processes.ts'

const missing = kafkaMissing() ?? nginxMissing()
const STORED = 100_000
const IN_FILE = 20_000
const BROKEN = 7
const tenants = ['alpha', 'beta']
/** Small chunks make a job outlast the start of a process. */
const small = { RECORDS_CHUNK_SIZE: '50', CHUNK_FETCH_IDS_COUNT: '500' }
const s3Times = {
  subPath: 'test',
  isAws: false,
  retryCount: 3,
  retryDelayMs: 100,
  connectTimeoutMs: 3000,
  requestTimeoutMs: 30_000,
  maxChunkBytes: 16_777_216
}

let dir: string
let db: TestDatabase
let kafka: KafkaServer
let s3: S3Server
let balancer: LoadBalancer | undefined
let bucket: string

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'system-'))
  ;[db, kafka, s3] = await Promise.all([aDatabase('empty'), startKafka(), startS3()])
  bucket = `system-${Date.now()}`
}, 300_000)
afterEach(async () => {
  await endAll()
  await balancer?.stop()
  await Promise.all([db.close(), kafka.stop(), s3.stop()])
  await rm(dir, { recursive: true })
}, 60_000)

function clusterEnv(more: Record<string, string> = {}): Record<string, string> {
  return {
    ...databaseEnv(db),
    ...fastProfile,
    KAFKA_BROKERS: kafka.brokers.join(','),
    KAFKA_REPLICATION_FACTOR: '1',
    KAFKA_SESSION_TIMEOUT_MS: '6000',
    KAFKA_HEARTBEAT_MS: '2000',
    ENV: bucket,
    S3_URL: s3.url,
    S3_REGION: s3.region,
    S3_BUCKET: bucket,
    S3_ACCESS_KEY_ID: s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    S3_SUB_PATH: 'test',
    RULES_SOURCE: 'default',
    IMPORT_ENABLED: 'true',
    ...more
  }
}

const workerOf = (slots: number, more: Record<string, string> = {}): Promise<Process> =>
  startProcess('worker', clusterEnv({ CHUNK_PROCESSING_MAX_PARALLELISM: String(slots), WORKER_THREADS: '1', ...more }))

const isCounting = ({ log }: Process): boolean => log.some(({ msg }) => msg === 'chunk.counted')

async function expectSound(job: { tenant: string; id: string }, expected: Record<string, unknown>): Promise<void> {
  const stores = await storesOn(db)
  const manifest = await audit(job, stores, s3Store({ ...s3, ...s3Times, bucket, logger: silentLogger }))
  await stores.close()
  expect(manifest.findings).toEqual([])
  expect(manifest).toMatchObject(expected)
}

describe.skipIf(missing !== undefined && skipSuite('cluster', missing, 'server'))(
  'Kafka, S3, FOLIO’s tables and a load balancer',
  () => {
    test('stored records and a file at once; a worker joins, one is killed, one is stopped: every record is counted once', async () => {
      await createSourceTables(db, 'alpha')
      await fillAuthorities(db, 'alpha', STORED)
      const coordinators = await Promise.all([0, 1].map(() => startProcess('coordinator', clusterEnv(small))))
      await Promise.all(coordinators.map((each) => each.ready()))
      balancer = await startNginx(
        dir,
        coordinators.map(({ port }) => port)
      )
      const workers = await Promise.all([workerOf(4), workerOf(2), workerOf(2)])
      for (const tenant of tenants) await enableTenant(balancer.url, tenant)
      const stored = await startJob(balancer.url, 'alpha', { operationType: 'remapping' })
      const file = await startImport(balancer.url, 'beta', dir, { records: IN_FILE, broken: BROKEN, seed: 3 })

      await until('twenty chunks are counted', async () => (await countedChunks(db, tenants)) >= 20)
      const joined = await workerOf(4)
      await joined.ready()
      await until(
        'the worker that joined has work',
        async () => isCounting(joined) || (await leasesOf(db, joined.pid, tenants)) > 0,
        5000
      )
      const killed = await killHoldingALease(db, workers, tenants)
      const stopped = workers.find((each) => each !== killed)
      stopped?.kill('SIGTERM')
      expect(await stopped?.ended()).toBe(0)

      await untilTerminal(balancer.url, [stored, file], 300_000)
      await expectSound(stored, { status: 'DATA_MAPPING_COMPLETED', total: STORED, mapped: STORED, rejected: 0, drift: 0 })
      await expectSound(file, { status: 'DATA_MAPPING_FAILED', total: IN_FILE, mapped: IN_FILE - BROKEN, rejected: BROKEN })
      expect(await repeatedChunks(db, tenants)).toBeGreaterThan(0)
    }, 400_000)

    test('with one partition and three workers no worker idles', async () => {
      await createSourceTables(db, 'alpha')
      await fillAuthorities(db, 'alpha', STORED)
      const one = { KAFKA_TOPIC_PARTITIONS: '1', ...small }
      const coordinator = await startProcess('coordinator', clusterEnv(one))
      await coordinator.ready()
      const workers = await Promise.all([workerOf(2, one), workerOf(2, one), workerOf(2, one)])
      await Promise.all(workers.map((each) => each.ready()))
      await enableTenant(coordinator.url, 'alpha')
      const job = await startJob(coordinator.url, 'alpha', { operationType: 'remapping' })
      await untilTerminal(coordinator.url, [job], 300_000)
      const shares = workers.map(({ log }) => log.filter(({ msg }) => msg === 'chunk.counted').length)
      // One of them has the partition; the others live on the table and take their share all the same.
      expect(Math.min(...shares)).toBeGreaterThan(STORED / 50 / 20)
      await expectSound(job, { status: 'DATA_MAPPING_COMPLETED', total: STORED, mapped: STORED })
    }, 400_000)

    test('with the broker stopped in mid-job the job still ends, and /admin/info says so', async () => {
      await createSourceTables(db, 'alpha')
      await fillAuthorities(db, 'alpha', 60_000)
      const coordinator = await startProcess('coordinator', clusterEnv())
      await coordinator.ready()
      const worker = await workerOf(4)
      await worker.ready()
      await enableTenant(coordinator.url, 'alpha')
      const job = await startJob(coordinator.url, 'alpha', { operationType: 'remapping' })
      await until('ten chunks are counted', async () => (await countedChunks(db, ['alpha'])) >= 10)
      await kafka.stop()
      await untilTerminal(coordinator.url, [job], 300_000)
      await expectSound(job, { status: 'DATA_MAPPING_COMPLETED', total: 60_000, mapped: 60_000 })
      await until('the coordinator notices', async () => {
        const info = (await (await fetch(`${coordinator.url}/admin/info`)).json()) as { broker?: { connected: boolean } }
        return info.broker?.connected === false
      })
    }, 400_000)
  }
)
