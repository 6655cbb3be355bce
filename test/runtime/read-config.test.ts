import { MigrationError } from '@marc-migrations/domain'
import { describeConfigFaults, readConfig, readDatabaseConfig, settings } from '@marc-migrations/runtime'
import { describe, expect, test } from 'vitest'

/** The least an image is started with. */
const java = { S3_BUCKET: 'folio' }

function faultsOf(env: Record<string, string>): Record<string, unknown> {
  try {
    readConfig(env)
  } catch (error) {
    if (error instanceof MigrationError && error.code === 'CONFIG_INVALID') return error.facts
    throw error
  }
  return {}
}

describe('readConfig', () => {
  test('needs nothing but a bucket, and then stands at the defaults of the module it replaces', () => {
    const config = readConfig(java)

    expect(config).toMatchObject({
      env: 'folio',
      port: 8081,
      adminPort: 8082,
      adminHost: '127.0.0.1',
      db: { host: 'localhost', port: 5432, database: 'okapi_modules', username: 'folio_admin', maxPoolSize: 10 },
      chunking: { recordsPerChunk: 500, idsPerFetch: 500, chunksPerPage: 1000 },
      slots: 4,
      maxChunkBytes: 16_777_216,
      maxRetryIds: 1000,
      protocol: {
        leaseMs: 60_000,
        leaseRenewMs: 20_000,
        checkIntervalMs: 1000,
        sweepIntervalMs: 15_000,
        republishMs: 60_000,
        nodeHeartbeatMs: 5000,
        metadataWaitMs: 60_000
      },
      objects: {
        kind: 's3',
        url: 'https://s3.amazonaws.com',
        region: 'us-west-2',
        bucket: 'folio',
        isAws: false,
        retryCount: 3
      },
      subPath: 'mod-marc-migrations',
      rules: { kind: 'folio' },
      okapiUrl: 'http://localhost:9130',
      http: { connectTimeoutMs: 3000, timeoutMs: 30_000, savingCallTimeoutMs: 240_000 },
      importEnabled: false,
      expiry: { retentionDays: 7, deleteObjects: true }
    })
    expect(config.kafka).toBeUndefined()
    expect(config.defaultTenant).toBeUndefined()
    expect(config.workerThreads).toBeGreaterThanOrEqual(1)
  })

  test('has no port for the administrator where it is -1, and any free one where it is 0', () => {
    expect(readConfig({ ...java, ADMIN_PORT: '-1' })).not.toHaveProperty('adminPort')
    expect(readConfig({ ...java, ADMIN_PORT: '0' }).adminPort).toBe(0)
    expect(faultsOf({ ...java, ADMIN_PORT: '-2' })).toHaveProperty('ADMIN_PORT')
  })

  test('reads numbers with underscores, flags as Spring spells them, and blanks as unset', () => {
    const config = readConfig({
      ...java,
      CHUNK_PERSIST_COUNT: '1_500',
      S3_IS_AWS: 'TRUE',
      IMPORT_ENABLED: 'on',
      KAFKA_HOST: ' ',
      ENV: ''
    })

    expect(config.chunking.chunksPerPage).toBe(1500)
    expect(config.objects).toMatchObject({ isAws: true })
    expect(config.importEnabled).toBe(true)
    expect(config.kafka).toBeUndefined()
    expect(config.env).toBe('folio')
  })

  test('leaves the spaces of a password alone', () => {
    expect(readConfig({ ...java, DB_PASSWORD: ' s p ', DB_HOST: ' pg ' }).db).toMatchObject({
      password: ' s p ',
      host: 'pg'
    })
  })

  test.each([
    [{ SERVER_PORT: '9000' }, 9000],
    [{ PORT: '9001', SERVER_PORT: '9000' }, 9001],
    [{ PORT: '0' }, 0]
  ])('takes the port from %o', (env, port) => {
    expect(readConfig({ ...java, ...env }).port).toBe(port)
  })

  test.each([
    [{ KAFKA_HOST: 'kafka' }, ['kafka:9092']],
    [{ KAFKA_HOST: 'kafka', KAFKA_PORT: '9093' }, ['kafka:9093']],
    [{ KAFKA_HOST: 'kafka', KAFKA_BROKERS: 'a:1, b:2,' }, ['a:1', 'b:2']]
  ])('finds the brokers in %o', (env, brokers) => {
    expect(readConfig({ ...java, ...env }).kafka?.brokers).toEqual(brokers)
  })

  test('a directory of objects needs no bucket', () => {
    expect(readConfig({ OBJECTS_DIR: '/var/objects' }).objects).toEqual({ kind: 'directory', dir: '/var/objects' })
  })

  test('takes the slashes off both ends of the sub-path', () => {
    expect(readConfig({ ...java, S3_SUB_PATH: '/a/b/' }).subPath).toBe('a/b')
  })

  test('accepts the fast profile of the fault tests', () => {
    const fast = { LEASE_MS: '3000', LEASE_RENEW_MS: '1000', KAFKA_SESSION_TIMEOUT_MS: '6000', KAFKA_HEARTBEAT_MS: '2000' }
    expect(faultsOf({ ...java, ...fast })).toEqual({})
  })

  test('names what the Java module has and this one does not need', () => {
    expect(readConfig({ ...java, S3_LOCAL_SUB_PATH: 'spool', DB_MAXPOOLSIZE: '5' }).ignored).toEqual([
      'DB_MAXPOOLSIZE',
      'S3_LOCAL_SUB_PATH'
    ])
  })

  test('cannot be changed afterwards', () => {
    const config = readConfig(java)
    expect(() => Object.assign(config.db, { host: 'elsewhere' })).toThrow(TypeError)
  })
})

describe('a fault names the setting and what to do', () => {
  const faults: readonly [string, Record<string, string>, string, RegExp][] = [
    ['no store for objects', {}, 'S3_BUCKET', /not set.*OBJECTS_DIR/],
    ['a port that is a word', { ...java, DB_PORT: '54x2' }, 'DB_PORT', /"54x2" is no whole number.*5432 when unset/],
    ['a port above all ports', { ...java, PORT: '70000' }, 'PORT', /more than 65535/],
    ['the other name of the port', { ...java, SERVER_PORT: 'http' }, 'PORT', /"http" is no whole number/],
    ['a negative size', { ...java, RECORDS_CHUNK_SIZE: '-5' }, 'RECORDS_CHUNK_SIZE', /less than 1 records/],
    [
      'no slots',
      { ...java, CHUNK_PROCESSING_MAX_PARALLELISM: '0' },
      'CHUNK_PROCESSING_MAX_PARALLELISM',
      /less than 1 chunks/
    ],
    ['a flag that is neither', { ...java, IMPORT_ENABLED: 'perhaps' }, 'IMPORT_ENABLED', /neither true nor false/],
    ['an unknown level', { ...java, LOG_LEVEL: 'loud' }, 'LOG_LEVEL', /none of fatal, error/],
    ['a tenant that is no identifier', { ...java, DEFAULT_TENANT: 'a;b' }, 'DEFAULT_TENANT', /does not have the form/],
    ['unknown rules', { ...java, RULES_SOURCE: 'internet' }, 'RULES_SOURCE', /none of folio, default, directory/],
    [
      'rules of a directory without one',
      { ...java, RULES_SOURCE: 'directory' },
      'RULES_DIR',
      /not set although RULES_SOURCE/
    ],
    ['half of a credential', { ...java, S3_ACCESS_KEY_ID: 'AK' }, 'S3_SECRET_ACCESS_KEY', /Set both, or none/],
    ['an endpoint that is no address', { ...java, S3_URL: 'minio:9000' }, 'S3_URL', /no http or https address/],
    ['a sub-path that climbs', { ...java, S3_SUB_PATH: 'a/../b' }, 'S3_SUB_PATH', /no path below/],
    ['a broker without a port', { ...java, KAFKA_BROKERS: 'kafka1' }, 'KAFKA_BROKERS', /"kafka1" is no host:port/],
    ['an origin that is none', { ...java, OKAPI_URL_ALLOWED: 'okapi' }, 'OKAPI_URL_ALLOWED', /no origin/],
    ['a gateway that is no address', { ...java, OKAPI_URL: 'okapi:9130' }, 'OKAPI_URL', /no http or https address/],
    [
      'a bulk call as long as its attempt',
      { ...java, SAVING_CALL_TIMEOUT_MS: '300000' },
      'SAVING_CALL_TIMEOUT_MS',
      /not less than SAVING_DEADLINE_MS \(300000\)/
    ],
    [
      'a lease that its renewal cannot hold',
      { ...java, LEASE_MS: '30000' },
      'LEASE_MS',
      /less than 3 x LEASE_RENEW_MS \(20000\)/
    ],
    [
      'a session its heartbeats cannot hold',
      { ...java, KAFKA_HEARTBEAT_MS: '11000' },
      'KAFKA_SESSION_TIMEOUT_MS',
      /less than 3 x/
    ],
    [
      'a rebalance shorter than a handler',
      { ...java, KAFKA_REBALANCE_TIMEOUT_MS: '30000' },
      'KAFKA_REBALANCE_TIMEOUT_MS',
      /not more than/
    ],
    [
      'a request shorter than its wait',
      { ...java, KAFKA_MAX_WAIT_MS: '10000' },
      'KAFKA_REQUEST_TIMEOUT_MS',
      /not more than/
    ],
    ['two servers on one port', { ...java, PORT: '8082' }, 'ADMIN_PORT', /is PORT, too/],
    [
      'a pool smaller than its minimum',
      { ...java, DB_MINSHAREDPOOLSIZE: '11' },
      'DB_MINSHAREDPOOLSIZE',
      /more than DB_MAXSHARED/
    ]
  ]

  test.each(faults)('%s', (_what, env, name, problem) => {
    const found = faultsOf(env)
    expect(Object.keys(found)).toEqual([name])
    expect(found[name]).toMatch(problem)
  })

  test('all faults are reported together', () => {
    expect(Object.keys(faultsOf({ DB_PORT: 'x', LEASE_MS: '5', LOG_LEVEL: 'loud' })).sort()).toEqual([
      'DB_PORT',
      'LEASE_MS',
      'LOG_LEVEL',
      'S3_BUCKET'
    ])
  })

  test('a secret is never quoted', () => {
    const problem = String(faultsOf({ ...java, TOKEN_KEY: 'hunter2' })['TOKEN_KEY'])
    expect(problem).toContain('fewer than 16 characters')
    expect(problem).not.toContain('hunter2')
  })

  test('they read as a list, one setting a line', () => {
    try {
      readConfig({ DB_PORT: 'x' })
      expect.unreachable()
    } catch (error) {
      const text = describeConfigFaults(error) ?? ''
      expect(text.split('\n')).toHaveLength(3)
      expect(text).toMatch(/^The configuration has 2 faults:\n {2}DB_PORT {4}"x" is no whole number/)
    }
  })

  test('another error is no list of faults', () => {
    expect(describeConfigFaults(new Error('x'))).toBeUndefined()
  })
})

test('the database alone needs no bucket', () => {
  expect(readDatabaseConfig({ DB_HOST: 'pg', DB_QUERYTIMEOUT: '60_000' }).db).toMatchObject({
    host: 'pg',
    statementTimeoutMs: 60_000,
    queryTimeoutMs: 61_000
  })
})

test('every setting has a group, a meaning and, where it is a number, a unit or a plain default', () => {
  const names = settings.map(({ name }) => name)
  expect(new Set(names).size).toBe(names.length)
  for (const setting of settings) {
    expect(setting.group, setting.name).not.toBe('')
    expect(setting.meaning, setting.name).not.toBe('')
  }
  expect(settings.find(({ name }) => name === 'LEASE_MS')).toEqual({
    name: 'LEASE_MS',
    group: 'Protocol',
    default: '60000',
    unit: 'ms',
    meaning: 'a worker that is silent this long loses its chunk'
  })
})
