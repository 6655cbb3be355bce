import { s3Store } from '@marc-migrations/objects'
import { expect } from 'vitest'
import { startKafka } from '../../support/kafka.ts'
import { aDatabase } from '../../support/postgres.ts'
import type { TestDatabase } from '../../support/postgres.ts'
import { startS3 } from '../../support/s3.ts'
import { silentLogger } from '../../support/silent-logger.ts'
import { createSourceTables, fillAuthorities } from '../../support/source-records.ts'
import { storesOn } from '../../support/store-fixtures.ts'
import { audit, enableTenant, startJob, untilTerminal } from '../../system/jobs.ts'
import type { Job } from '../../system/jobs.ts'
import { databaseEnv, endAll, fastProfile, startProcess } from '../../system/processes.ts'
import type { Process } from '../../system/processes.ts'

export const CHUNK = 5
/** What a chunk waits for in its worker beside the little it costs: so chunks take their time, and the machine has some left. */
const CHUNK_MS = 300
const JOB_LIMIT_MS = 600_000

/** Real servers on loopback, a coordinator or two, any number of workers; each test has one to itself. */
export interface LoopbackCluster {
  readonly db: TestDatabase
  readonly brokers: readonly string[]
  readonly topic: string
  coordinator(more?: Readonly<Record<string, string>>): Promise<Process>
  /** @param more its own settings, slots among them */
  worker(slots: number, more?: Readonly<Record<string, string>>): Promise<Process>
  /** Enables a tenant that has so many chunks to remap. */
  fill(coordinator: Process, tenant: string, chunks: number): Promise<void>
  start(coordinator: Process, tenant: string): Promise<Job>
  /** Waits for the end; every record is mapped, and once. */
  finish(coordinator: Process, job: Job, chunks: number): Promise<void>
  close(): Promise<void>
}

export async function loopbackCluster(): Promise<LoopbackCluster> {
  const [db, kafka, s3] = await Promise.all([aDatabase('empty'), startKafka(), startS3()])
  const bucket = `fairness-${Date.now()}`
  const env = {
    ...databaseEnv(db),
    ...fastProfile,
    KAFKA_BROKERS: kafka.brokers.join(','),
    KAFKA_REPLICATION_FACTOR: '1',
    KAFKA_TOPIC_PARTITIONS: '6',
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
    RECORDS_CHUNK_SIZE: String(CHUNK),
    WORKER_THREADS: '1',
    NODE_ENV: 'test'
  }
  const started = async (verb: string, more: Readonly<Record<string, string>>): Promise<Process> => {
    const process = await startProcess(verb, { ...env, ...more })
    await process.ready()
    return process
  }
  return {
    db,
    brokers: kafka.brokers,
    topic: `${bucket}.ALL.marc-migrations.chunk`,
    coordinator: (more = {}) => started('coordinator', more),
    worker: (slots, more = {}) =>
      started('worker', {
        CHUNK_PROCESSING_MAX_PARALLELISM: String(slots),
        FAILPOINTS: `before.objects.put=wait:${CHUNK_MS}`,
        ...more
      }),
    fill: async ({ url }, tenant, chunks) => {
      await createSourceTables(db, tenant)
      await fillAuthorities(db, tenant, chunks * CHUNK)
      await enableTenant(url, tenant)
    },
    start: ({ url }, tenant) => startJob(url, tenant, { operationType: 'remapping' }),
    finish: async ({ url }, job, chunks) => {
      await untilTerminal(url, [job], JOB_LIMIT_MS)
      const stores = await storesOn(db, 2)
      try {
        const manifest = await audit(job, stores, s3Store({ ...s3, ...s3Times, bucket, logger: silentLogger }))
        expect(manifest.findings).toEqual([])
        const records = chunks * CHUNK
        expect(manifest).toMatchObject({ status: 'DATA_MAPPING_COMPLETED', total: records, mapped: records, drift: 0 })
      } finally {
        await stores.close()
      }
    },
    close: async () => {
      await endAll()
      await Promise.all([db.close(), kafka.stop(), s3.stop()])
    }
  }
}

const s3Times = {
  subPath: 'test',
  isAws: false,
  retryCount: 3,
  retryDelayMs: 100,
  connectTimeoutMs: 3000,
  requestTimeoutMs: 30_000,
  maxChunkBytes: 16_777_216
}
