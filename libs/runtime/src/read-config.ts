import { availableParallelism } from 'node:os'
import { resolve } from 'node:path'
import type { Config, DatabaseConfig, KafkaConfig, RulesConfig } from './config.ts'
import { configError, type ConfigFault } from './config-faults.ts'
import { consistencyFaults } from './consistency-faults.ts'
import { deepFreeze } from './deep-freeze.ts'
import { parseSettings, type Environment } from './parse-settings.ts'
import { ignoredNames, type SettingValues } from './settings-schema.ts'

/** Values, and what is wrong with them, on the way to a config. */
interface Reading {
  readonly values: SettingValues
  readonly faults: ConfigFault[]
}

/**
 * Reads every setting once; numbers may be written `1_000`, blank counts as unset.
 *
 * @param env the environment, as a rule `process.env`
 * @returns deeply frozen
 * @throws {MigrationError} CONFIG_INVALID with all faults at once, for `describeConfigFaults`
 */
export function readConfig(env: Environment): Config {
  const reading = read(env)
  const config = configOf(reading, env)
  if (reading.faults.length > 0) throw configError(reading.faults)
  return deepFreeze(config)
}

/** What a command needs that uses the database alone; faults elsewhere are reported all the same, but no bucket is asked for. */
export function readDatabaseConfig(env: Environment): Pick<Config, 'db' | 'logLevel' | 'subPath' | 'tokenKey'> {
  const reading = read(env)
  const subPath = subPathOf(reading)
  if (reading.faults.length > 0) throw configError(reading.faults)
  const { LOG_LEVEL: logLevel, TOKEN_KEY: tokenKey } = reading.values
  return deepFreeze({ db: databaseOf(reading.values), logLevel, subPath, ...optional('tokenKey', tokenKey) })
}

function read(env: Environment): Reading {
  const { values, faults } = parseSettings(env)
  faults.push(...consistencyFaults(values))
  return { values, faults }
}

function configOf(reading: Reading, env: Environment): Config {
  const { values } = reading
  const kafka = kafkaOf(reading)
  const allowed = originsOf(reading)
  return {
    env: values.ENV,
    host: values.HOST,
    port: values.PORT,
    ...optional('adminPort', values.ADMIN_PORT === -1 ? undefined : values.ADMIN_PORT),
    adminHost: values.ADMIN_HOST,
    logLevel: values.LOG_LEVEL,
    db: databaseOf(values),
    ...optional('tokenKey', values.TOKEN_KEY),
    chunking: {
      recordsPerChunk: values.RECORDS_CHUNK_SIZE,
      idsPerFetch: values.CHUNK_FETCH_IDS_COUNT,
      chunksPerPage: values.CHUNK_PERSIST_COUNT
    },
    slots: values.CHUNK_PROCESSING_MAX_PARALLELISM,
    workerThreads: values.WORKER_THREADS ?? Math.max(1, availableParallelism() - 1),
    maxChunkBytes: values.MAX_CHUNK_BYTES,
    maxRetryIds: values.CHUNK_RETRYING_MAX_IDS_COUNT,
    protocol: {
      leaseMs: values.LEASE_MS,
      leaseRenewMs: values.LEASE_RENEW_MS,
      checkIntervalMs: values.CHECK_INTERVAL_MS,
      sweepIntervalMs: values.SWEEP_INTERVAL_MS,
      republishMs: values.REPUBLISH_MS,
      nodeHeartbeatMs: values.NODE_HEARTBEAT_MS,
      metadataWaitMs: values.METADATA_WAIT_MS
    },
    deadlines: {
      mappingMs: values.MAPPING_DEADLINE_MS,
      mappingPerRecordMs: values.MAPPING_DEADLINE_PER_RECORD_MS,
      savingMs: values.SAVING_DEADLINE_MS
    },
    saveOutageLimitMs: values.SAVE_OUTAGE_LIMIT_MS,
    ...optional('kafka', kafka),
    objects: objectsOf(reading),
    subPath: subPathOf(reading),
    rules: rulesOf(reading),
    http: {
      connectTimeoutMs: values.HTTP_CONNECT_TIMEOUT_MS,
      timeoutMs: values.HTTP_TIMEOUT_MS,
      savingCallTimeoutMs: values.SAVING_CALL_TIMEOUT_MS
    },
    ...optional('defaultTenant', values.DEFAULT_TENANT),
    importEnabled: values.IMPORT_ENABLED,
    expiry: { retentionDays: values.JOB_RETENTION_DAYS, deleteObjects: values.EXPIRY_DELETES_OBJECTS },
    okapiUrl: okapiUrlOf(reading),
    ...optional('okapiUrlAllowed', allowed),
    ignored: ignoredNames.filter((name) => (env[name] ?? '').trim() !== '')
  }
}

function databaseOf(values: SettingValues): DatabaseConfig {
  return {
    host: values.DB_HOST,
    port: values.DB_PORT,
    database: values.DB_DATABASE,
    username: values.DB_USERNAME,
    password: values.DB_PASSWORD,
    ...optional('hostReader', values.DB_HOST_READER),
    maxPoolSize: values.DB_MAXSHAREDPOOLSIZE,
    minPoolSize: values.DB_MINSHAREDPOOLSIZE,
    idleTimeoutMs: values.DB_CONNECTIONRELEASEDELAY,
    maxLifetimeMs: values.DB_MAX_LIFETIME,
    connectTimeoutMs: values.DB_CONNECTION_TIMEOUT,
    statementTimeoutMs: values.DB_QUERYTIMEOUT,
    queryTimeoutMs: values.DB_QUERYTIMEOUT + 1_000,
    lockTimeoutMs: values.DB_LOCK_TIMEOUT_MS,
    idleInTransactionMs: values.DB_IDLE_IN_TRANSACTION_MS,
    keepAliveMs: values.DB_KEEPALIVE_TIME
  }
}

function kafkaOf({ values, faults }: Reading): KafkaConfig | undefined {
  const brokers = brokersOf(values)
  if (brokers.length === 0) return undefined
  for (const broker of brokers.filter((address) => !/^[^\s:]+:\d{1,5}$|^\[[0-9a-fA-F:]+\]:\d{1,5}$/.test(address)))
    faults.push({
      name: 'KAFKA_BROKERS',
      problem: `"${broker}" is no host:port. Write for example kafka1:9092,kafka2:9092.`
    })
  return {
    brokers,
    topicPartitions: values.KAFKA_TOPIC_PARTITIONS,
    ...optional('replicationFactor', values.KAFKA_REPLICATION_FACTOR),
    sessionTimeoutMs: values.KAFKA_SESSION_TIMEOUT_MS,
    heartbeatMs: values.KAFKA_HEARTBEAT_MS,
    rebalanceTimeoutMs: values.KAFKA_REBALANCE_TIMEOUT_MS,
    maxWaitMs: values.KAFKA_MAX_WAIT_MS,
    connectionTimeoutMs: values.KAFKA_CONNECTION_TIMEOUT_MS,
    authenticationTimeoutMs: values.KAFKA_AUTHENTICATION_TIMEOUT_MS,
    requestTimeoutMs: values.KAFKA_REQUEST_TIMEOUT_MS
  }
}

function brokersOf(values: SettingValues): string[] {
  if (values.KAFKA_BROKERS !== undefined) return listOf(values.KAFKA_BROKERS)
  return values.KAFKA_HOST === undefined ? [] : [`${values.KAFKA_HOST}:${values.KAFKA_PORT}`]
}

function objectsOf({ values, faults }: Reading): Config['objects'] {
  if (values.OBJECTS_DIR !== undefined) return { kind: 'directory', dir: resolve(values.OBJECTS_DIR) }
  if (values.S3_BUCKET === undefined)
    faults.push({
      name: 'S3_BUCKET',
      problem: 'is not set. Name the bucket the storage modules use, or set OBJECTS_DIR to keep objects in a directory.'
    })
  if ((values.S3_ACCESS_KEY_ID === undefined) !== (values.S3_SECRET_ACCESS_KEY === undefined))
    faults.push({
      name: values.S3_ACCESS_KEY_ID === undefined ? 'S3_ACCESS_KEY_ID' : 'S3_SECRET_ACCESS_KEY',
      problem: 'is not set although its other half is. Set both, or none to use ambient credentials.'
    })
  if (!isHttpAddress(values.S3_URL))
    faults.push({ name: 'S3_URL', problem: `"${values.S3_URL}" is no http or https address.` })
  return {
    kind: 's3',
    url: values.S3_URL,
    region: values.S3_REGION,
    bucket: values.S3_BUCKET ?? '',
    accessKeyId: values.S3_ACCESS_KEY_ID ?? '',
    secretAccessKey: values.S3_SECRET_ACCESS_KEY ?? '',
    isAws: values.S3_IS_AWS,
    retryCount: values.S3_RETRY_COUNT,
    retryDelayMs: values.S3_RETRY_DELAY_MS,
    connectTimeoutMs: values.S3_CONNECT_TIMEOUT_MS,
    requestTimeoutMs: values.S3_REQUEST_TIMEOUT_MS
  }
}

function subPathOf({ values, faults }: Reading): string {
  const subPath = values.S3_SUB_PATH.replace(/^\/+|\/+$/g, '')
  if (subPath === '' || subPath.split('/').some((part) => part === '' || part === '.' || part === '..'))
    faults.push({ name: 'S3_SUB_PATH', problem: `"${values.S3_SUB_PATH}" is no path below the bucket, as a/b is.` })
  return subPath
}

function rulesOf({ values, faults }: Reading): RulesConfig {
  if (values.RULES_SOURCE !== 'directory') return { kind: values.RULES_SOURCE }
  if (values.RULES_DIR === undefined)
    faults.push({
      name: 'RULES_DIR',
      problem: 'is not set although RULES_SOURCE is directory. Name the directory of the rules.'
    })
  return { kind: 'directory', dir: resolve(values.RULES_DIR ?? '') }
}

function okapiUrlOf({ values, faults }: Reading): string {
  if (!isHttpAddress(values.OKAPI_URL)) {
    faults.push({
      name: 'OKAPI_URL',
      problem: `"${values.OKAPI_URL}" is no http or https address. Write for example http://okapi:9130.`
    })
  }
  return values.OKAPI_URL
}

function originsOf({ values, faults }: Reading): readonly string[] | undefined {
  if (values.OKAPI_URL_ALLOWED === undefined) return undefined
  return listOf(values.OKAPI_URL_ALLOWED).map((text) => {
    if (isHttpAddress(text)) return new URL(text).origin
    faults.push({ name: 'OKAPI_URL_ALLOWED', problem: `"${text}" is no origin. Write for example http://okapi:9130.` })
    return text
  })
}

const isHttpAddress = (text: string) => /^https?:\/\/[^/\s]/i.test(text) && URL.canParse(text)

const listOf = (text: string) =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V }
}
