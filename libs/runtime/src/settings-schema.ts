import { Type, type Static, type TSchema } from 'typebox'

/** What `.env.example` and the fault messages say about a setting beside its schema. */
interface Words {
  readonly group: string
  readonly description: string
  readonly unit?: string
  /** The default in words, where it depends on the machine or on other settings. */
  readonly defaultText?: string
  /** Never quoted in a message. */
  readonly secret?: boolean
}

const text = (fallback: string, words: Words) => Type.String({ default: fallback, ...words })
const optionalText = (words: Words, rules: { pattern?: string; minLength?: number } = {}) =>
  Type.Optional(Type.String({ ...rules, ...words }))
const count = (fallback: number, words: Words, minimum = 1) => Type.Integer({ default: fallback, minimum, ...words })
const ms = (fallback: number, words: Words, minimum = 1) => count(fallback, { unit: 'ms', ...words }, minimum)
const port = (fallback: number, words: Words) => Type.Integer({ default: fallback, minimum: 0, maximum: 65_535, ...words })
const flag = (fallback: boolean, words: Words) => Type.Boolean({ default: fallback, ...words })
const choice = <T extends string>(values: readonly T[], fallback: T, words: Words) =>
  Type.Unsafe<T>(Type.String({ enum: [...values], default: fallback, ...words }))

const general = {
  ENV: text('folio', { group: 'General', description: 'name of the deployment; begins the Kafka topic and group' }),
  PORT: port(8081, { group: 'General', description: 'port of the API and of health; SERVER_PORT is taken too' }),
  HOST: text('0.0.0.0', { group: 'General', description: 'address the API listens on' }),
  ADMIN_PORT: Type.Integer({
    default: 8082,
    minimum: -1,
    maximum: 65_535,
    group: 'General',
    description: 'port of metrics, log level and the nodes of the whole cluster; 0 is any free one, -1 none'
  } satisfies Words & { default: number; minimum: number; maximum: number }),
  ADMIN_HOST: text('127.0.0.1', { group: 'General', description: 'address ADMIN_PORT listens on' }),
  LOG_LEVEL: choice(['fatal', 'error', 'warn', 'info', 'debug', 'trace'], 'info', {
    group: 'General',
    description: 'least level that is logged'
  }),
  DEFAULT_TENANT: optionalText(
    { group: 'General', description: 'tenant of requests without X-Okapi-Tenant; for a laptop, never behind a gateway' },
    { pattern: '^[A-Za-z0-9_]{1,31}$' }
  ),
  IMPORT_ENABLED: flag(false, { group: 'General', description: 'allow operationType import, which maps uploaded files' }),
  OKAPI_URL: text('http://localhost:9130', {
    group: 'General',
    description: 'gateway of FOLIO for requests without X-Okapi-Url'
  }),
  OKAPI_URL_ALLOWED: optionalText({
    group: 'General',
    description: 'origins X-Okapi-Url may name, separated by commas; any but link-local ones when unset'
  }),
  TOKEN_KEY: optionalText(
    {
      group: 'General',
      description: 'key that encrypts stored tokens',
      defaultText: 'derived from DB_PASSWORD',
      secret: true
    },
    { minLength: 16 }
  ),
  JOB_RETENTION_DAYS: count(7, { group: 'General', description: 'age at which operations expire', unit: 'days' }),
  EXPIRY_DELETES_OBJECTS: flag(true, {
    group: 'General',
    description: 'delete the objects of an operation that expires, and of a tenant that is purged'
  })
}

const database = {
  DB_HOST: text('localhost', { group: 'PostgreSQL', description: 'host of PostgreSQL' }),
  DB_PORT: port(5432, { group: 'PostgreSQL', description: 'port of PostgreSQL' }),
  DB_DATABASE: text('okapi_modules', { group: 'PostgreSQL', description: 'database' }),
  DB_USERNAME: text('folio_admin', { group: 'PostgreSQL', description: 'role that owns the schemas' }),
  DB_PASSWORD: text('folio_admin', { group: 'PostgreSQL', description: 'password of DB_USERNAME', secret: true }),
  DB_HOST_READER: optionalText({ group: 'PostgreSQL', description: 'host of a read replica for source records' }),
  DB_MAXSHAREDPOOLSIZE: count(10, { group: 'PostgreSQL', description: 'most connections per process' }),
  DB_MINSHAREDPOOLSIZE: count(0, { group: 'PostgreSQL', description: 'connections kept open while idle' }, 0),
  DB_CONNECTIONRELEASEDELAY: ms(60_000, { group: 'PostgreSQL', description: 'an idle connection is closed after this' }),
  DB_MAX_LIFETIME: ms(1_800_000, { group: 'PostgreSQL', description: 'a connection is replaced after this' }),
  DB_CONNECTION_TIMEOUT: ms(5_000, { group: 'PostgreSQL', description: 'longest wait for a connection' }),
  DB_QUERYTIMEOUT: ms(14_000, { group: 'PostgreSQL', description: 'statement_timeout; the client gives up a second later' }),
  DB_LOCK_TIMEOUT_MS: ms(5_000, { group: 'PostgreSQL', description: 'lock_timeout' }),
  DB_IDLE_IN_TRANSACTION_MS: ms(2_000, {
    group: 'PostgreSQL',
    description: 'idle_in_transaction_session_timeout; a node that is cut off holds up others no longer'
  }),
  DB_KEEPALIVE_TIME: ms(10_000, { group: 'PostgreSQL', description: 'TCP keepalive of connections; 0 is off' }, 0)
}

const chunks = {
  RECORDS_CHUNK_SIZE: count(500, { group: 'Chunks', description: 'records per chunk', unit: 'records' }),
  CHUNK_FETCH_IDS_COUNT: count(500, {
    group: 'Chunks',
    description: 'record ids per read of the splitter; a multiple of RECORDS_CHUNK_SIZE avoids short chunks',
    unit: 'ids'
  }),
  CHUNK_PERSIST_COUNT: count(1_000, { group: 'Chunks', description: 'chunk rows written at a time', unit: 'chunks' }),
  CHUNK_PROCESSING_MAX_PARALLELISM: count(4, {
    group: 'Chunks',
    description: 'chunks in flight per worker',
    unit: 'chunks'
  }),
  CHUNK_RETRYING_MAX_IDS_COUNT: count(1_000, { group: 'Chunks', description: 'most chunk ids in one retry', unit: 'ids' }),
  WORKER_THREADS: Type.Optional(
    Type.Integer({
      minimum: 1,
      group: 'Chunks',
      description: 'threads that map, per worker',
      unit: 'threads',
      defaultText: 'cores - 1, at least 1'
    } satisfies Words & { minimum: number })
  ),
  MAX_CHUNK_BYTES: count(
    16_777_216,
    { group: 'Chunks', description: 'a larger result is uploaded in parts', unit: 'bytes' },
    5_242_880
  )
}

const protocol = {
  LEASE_MS: ms(60_000, { group: 'Protocol', description: 'a worker that is silent this long loses its chunk' }),
  LEASE_RENEW_MS: ms(20_000, { group: 'Protocol', description: 'leases are renewed at this interval' }),
  CHECK_INTERVAL_MS: ms(1_000, { group: 'Protocol', description: 'interval of the completion check' }),
  SWEEP_INTERVAL_MS: ms(15_000, { group: 'Protocol', description: 'interval of the search for expired leases' }),
  REPUBLISH_MS: ms(60_000, {
    group: 'Protocol',
    description: 'an unclaimed hint is sent again after this, then twice this, …'
  }),
  NODE_HEARTBEAT_MS: ms(5_000, {
    group: 'Protocol',
    description: 'nodes report and read the cluster settings at this interval'
  }),
  METADATA_WAIT_MS: ms(60_000, { group: 'Protocol', description: 'how long a start waits for the mapping rules' }),
  MAPPING_DEADLINE_MS: ms(50_000, { group: 'Protocol', description: 'least time one attempt at mapping a chunk has' }),
  MAPPING_DEADLINE_PER_RECORD_MS: ms(100, { group: 'Protocol', description: 'time per record, where that is more' }),
  SAVING_DEADLINE_MS: ms(300_000, { group: 'Protocol', description: 'time one attempt at saving a chunk has' }),
  SAVE_OUTAGE_LIMIT_MS: ms(900_000, {
    group: 'Protocol',
    description: 'how long saving waits for a storage that does not answer'
  })
}

const kafka = {
  KAFKA_BROKERS: optionalText({ group: 'Kafka', description: 'host:port list, separated by commas; wins over KAFKA_HOST' }),
  KAFKA_HOST: optionalText({ group: 'Kafka', description: 'host of Kafka; none: workers read hints from the chunk table' }),
  KAFKA_PORT: port(9092, { group: 'Kafka', description: 'port of KAFKA_HOST' }),
  KAFKA_TOPIC_PARTITIONS: count(24, {
    group: 'Kafka',
    description: 'partitions of the chunk topic; may grow',
    unit: 'partitions'
  }),
  KAFKA_REPLICATION_FACTOR: Type.Optional(
    Type.Integer({
      minimum: 1,
      group: 'Kafka',
      description: 'replicas of the chunk topic',
      defaultText: "the broker's own default"
    } satisfies Words & { minimum: number })
  ),
  KAFKA_SESSION_TIMEOUT_MS: ms(30_000, { group: 'Kafka', description: 'a silent consumer loses its partitions after this' }),
  KAFKA_HEARTBEAT_MS: ms(3_000, { group: 'Kafka', description: 'interval of consumer heartbeats' }),
  KAFKA_REBALANCE_TIMEOUT_MS: ms(60_000, { group: 'Kafka', description: 'how long a rebalance waits for a member' }),
  KAFKA_MAX_WAIT_MS: ms(1_000, { group: 'Kafka', description: 'longest wait of one fetch' }),
  KAFKA_CONNECTION_TIMEOUT_MS: ms(3_000, { group: 'Kafka', description: 'longest wait for a connection' }),
  KAFKA_AUTHENTICATION_TIMEOUT_MS: ms(10_000, { group: 'Kafka', description: 'longest wait for authentication' }),
  KAFKA_REQUEST_TIMEOUT_MS: ms(15_000, { group: 'Kafka', description: 'longest wait for an answer' })
}

const objects = {
  OBJECTS_DIR: optionalText({ group: 'Objects', description: 'directory that holds all objects; then no S3 is used' }),
  S3_URL: text('https://s3.amazonaws.com', { group: 'Objects', description: 'endpoint of the object store' }),
  S3_REGION: text('us-west-2', { group: 'Objects', description: 'region of the object store' }),
  S3_BUCKET: optionalText({ group: 'Objects', description: 'bucket, the same as that of the storage modules' }),
  S3_ACCESS_KEY_ID: optionalText({
    group: 'Objects',
    description: 'access key; both blank: ambient credentials',
    secret: true
  }),
  S3_SECRET_ACCESS_KEY: optionalText({ group: 'Objects', description: 'secret of the access key', secret: true }),
  S3_IS_AWS: flag(false, { group: 'Objects', description: 'true: virtual-host addresses as AWS has them' }),
  S3_SUB_PATH: text('mod-marc-migrations', { group: 'Objects', description: 'prefix of every key' }),
  S3_RETRY_COUNT: count(3, { group: 'Objects', description: 'tries of one call in all', unit: 'tries' }),
  S3_RETRY_DELAY_MS: ms(500, { group: 'Objects', description: 'delay before the second try' }, 0),
  S3_CONNECT_TIMEOUT_MS: ms(3_000, { group: 'Objects', description: 'longest wait for a connection' }),
  S3_REQUEST_TIMEOUT_MS: ms(30_000, { group: 'Objects', description: 'longest wait for an answer' })
}

const folio = {
  RULES_SOURCE: choice(['folio', 'default', 'directory'], 'folio', {
    group: 'Rules and FOLIO',
    description: "where mapping rules come from: FOLIO's mapping metadata, our own defaults, or RULES_DIR"
  }),
  RULES_DIR: optionalText({
    group: 'Rules and FOLIO',
    description: 'directory with {authority,instance}.{rules,params}.json, per tenant in a folder of its name'
  }),
  HTTP_CONNECT_TIMEOUT_MS: ms(3_000, { group: 'Rules and FOLIO', description: 'longest wait for a connection to FOLIO' }),
  HTTP_TIMEOUT_MS: ms(30_000, { group: 'Rules and FOLIO', description: 'longest wait for an answer of FOLIO' }),
  SAVING_CALL_TIMEOUT_MS: ms(240_000, {
    group: 'Rules and FOLIO',
    description: 'longest wait for the answer to a bulk call, which saves a whole chunk; less than SAVING_DEADLINE_MS'
  })
}

/** Every variable that is read. FOLIO's names where FOLIO has one; blank counts as unset. */
export const settingsSchema = Type.Object({
  ...general,
  ...database,
  ...chunks,
  ...protocol,
  ...kafka,
  ...objects,
  ...folio
})

export type SettingValues = Static<typeof settingsSchema>
export type SettingName = keyof SettingValues
export type SettingSchema = TSchema &
  Words & { readonly default?: string | number | boolean; readonly enum?: readonly string[] }

/** Names of the Java module that mean nothing here; they are accepted, and named once in the log. */
export const ignoredNames = [
  'DB_VALIDATION_TIMEOUT',
  'DB_INITIALIZATION_FAIL_TIMEOUT',
  'DB_LEAK_DETECTION_THRESHOLD',
  'DB_MAXPOOLSIZE',
  'DB_MINIMUM_IDLE',
  'DB_IDLE_TIMEOUT',
  'S3_LOCAL_SUB_PATH'
] as const
