import { randomBytes } from 'node:crypto'
import { ListObjectsV2Command, S3Client } from '@aws-sdk/client-s3'
import type { ObjectStore } from '@marc-migrations/domain'
import { s3Store } from '@marc-migrations/objects'
import { folioPeers } from '../support/folio-peers.ts'
import type { FolioPeers } from '../support/folio-peers.ts'
import { startKafka } from '../support/kafka.ts'
import { aDatabase } from '../support/postgres.ts'
import { startS3 } from '../support/s3.ts'
import { silentLogger } from '../support/silent-logger.ts'
import { createSourceTables, fillAuthorities, fillInstances } from '../support/source-records.ts'
import { databaseEnv, endAll, fastProfile, startProcess } from '../system/processes.ts'
import { tenantClient } from './tenant-client.ts'
import type { TenantClient } from './tenant-client.ts'

export const SUB_PATH = 'mod-marc-migrations'

/** The product as processes over real servers, FOLIO's modules beside them, with the settings the statements are written for. */
export interface ConformanceCluster {
  readonly url: string
  readonly peers: FolioPeers
  /** A tenant that is enabled, with 81 linked authorities and 11 linked instances, and no operation. */
  aTenant(): Promise<TenantClient>
  /** What an operation has left in the object store. */
  keysOf(operationId: string): Promise<readonly string[]>
  textOf(key: string): Promise<string>
  close(): Promise<void>
}

export async function startConformanceCluster(): Promise<ConformanceCluster> {
  const [db, kafka, s3] = await Promise.all([aDatabase('empty'), startKafka(), startS3()])
  const name = `conformance-${randomBytes(4).toString('hex')}`
  const times = { retryCount: 3, retryDelayMs: 100, connectTimeoutMs: 3000, requestTimeoutMs: 30_000 }
  const place = { ...s3, ...times, subPath: SUB_PATH, bucket: name, isAws: false, maxChunkBytes: 16_777_216 }
  const objects: ObjectStore = s3Store({ ...place, logger: silentLogger })
  const credentials = { accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey }
  const lister = new S3Client({ endpoint: s3.url, region: s3.region, forcePathStyle: true, credentials })
  const peers = await folioPeers({ db, objects })
  const env = {
    ...databaseEnv(db),
    ...fastProfile,
    CHECK_INTERVAL_MS: '200',
    RECORDS_CHUNK_SIZE: '10',
    CHUNK_FETCH_IDS_COUNT: '30',
    CHUNK_PERSIST_COUNT: '50',
    METADATA_WAIT_MS: '2000',
    WORKER_THREADS: '1',
    KAFKA_BROKERS: kafka.brokers.join(','),
    KAFKA_REPLICATION_FACTOR: '1',
    KAFKA_SESSION_TIMEOUT_MS: '6000',
    KAFKA_HEARTBEAT_MS: '2000',
    ENV: name,
    S3_URL: s3.url,
    S3_REGION: s3.region,
    S3_BUCKET: name,
    S3_ACCESS_KEY_ID: s3.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3.secretAccessKey,
    S3_SUB_PATH: SUB_PATH,
    RULES_SOURCE: 'folio',
    OKAPI_URL_ALLOWED: peers.url
  }
  const coordinator = await startProcess('coordinator', env)
  await coordinator.ready()
  const workers = await Promise.all([startProcess('worker', env), startProcess('worker', env)])
  await Promise.all(workers.map((worker) => worker.ready()))
  let tenants = 0

  return {
    url: coordinator.url,
    peers,
    aTenant: async () => {
      const tenant = `test_tenant_${++tenants}`
      await createSourceTables(db, tenant)
      await fillAuthorities(db, tenant, 81)
      await fillInstances(db, tenant, 11)
      const client = tenantClient(coordinator.url, tenant, peers.url)
      await client.enable()
      return client
    },
    keysOf: async (operationId) => {
      const prefix = `${SUB_PATH}/operation/${operationId}/`
      const listed = await lister.send(new ListObjectsV2Command({ Bucket: name, Prefix: prefix }))
      return (listed.Contents ?? []).map(({ Key }) => Key ?? '')
    },
    textOf: async (key) => {
      const pieces: Uint8Array[] = []
      for await (const piece of objects.read(key)) pieces.push(piece)
      return Buffer.concat(pieces).toString('utf8')
    },
    close: async () => {
      await endAll()
      await peers.stop()
      lister.destroy()
      await Promise.all([db.close(), kafka.stop(), s3.stop()])
    }
  }
}
