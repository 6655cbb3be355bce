import { MigrationError } from '@marc-migrations/domain'
import { describe, expect, test } from 'vitest'
import { asStoreError, isAnswer, isOutage, isSchemaGone } from '../../libs/store/src/database/store-error.ts'

const at = { host: 'db.example', port: 5432 }
const withCode = (code: string, message = 'said the server') => Object.assign(new Error(message), { code })

describe('an outage', () => {
  test.for([
    'ECONNREFUSED',
    'ECONNRESET',
    'ETIMEDOUT',
    'EPIPE',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EHOSTUNREACH',
    'ENETUNREACH',
    '08000',
    '08001',
    '08003',
    '08006',
    '08P01',
    '25006',
    '25P03',
    '40001',
    '40P01',
    '53100',
    '53200',
    '53300',
    '55P03',
    '57014',
    '57P01',
    '57P02',
    '57P03',
    '57P05',
    '58030'
  ])('has the code %s', (code) => {
    const cause = withCode(code)
    const error = asStoreError(cause, at)
    expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', kind: 'outage', cause })
    expect(error).toMatchObject({ facts: { ...at, setting: 'DB_HOST, DB_PORT', reason: code } })
  })

  test.for([
    'Query read timeout',
    'timeout exceeded when trying to connect',
    'timeout expired',
    'Connection terminated',
    'Connection terminated unexpectedly',
    'Connection terminated due to connection timeout',
    'Client has encountered a connection error and is not queryable',
    'Client was closed and is not queryable'
  ])('of the driver says %s', (message) => {
    expect(asStoreError(new Error(message), at)).toMatchObject({ code: 'STORE_UNAVAILABLE' })
  })

  test('may be several at once, one per address that was tried', () => {
    expect(isOutage(new AggregateError([withCode('ECONNREFUSED'), withCode('ENETUNREACH')]))).toBe(true)
  })

  test.for([
    ['28P01', 'DB_USERNAME, DB_PASSWORD'],
    ['28000', 'DB_USERNAME, DB_PASSWORD'],
    ['3D000', 'DB_DATABASE']
  ] as const)('%s names %s', ([code, setting]) => {
    expect(asStoreError(withCode(code), at)).toMatchObject({ code: 'STORE_UNAVAILABLE', facts: { setting } })
  })
})

describe('no outage', () => {
  test.for(['23505', '23503', '22P02', '42601', '42703', '0A000', 'P0001'])(
    'is the code %s: the statement was refused',
    (code) => {
      const error = withCode(code)
      expect(asStoreError(error, at)).toBe(error)
      expect(isAnswer(error)).toBe(true)
    }
  )

  test('is an error of our own, or a thing that is no error', () => {
    const own = new MigrationError('LEASE_LOST', {})
    expect(asStoreError(own, at)).toBe(own)
    expect(asStoreError('thrown', at)).toBe('thrown')
    expect(asStoreError(new TypeError('a bug'), at)).toBeInstanceOf(TypeError)
  })
})

describe('a session', () => {
  test.for(['57P01', '57014', '08006', '25P03', '25006', 'ECONNRESET'])('is not used again after %s', (code) => {
    expect(isAnswer(withCode(code))).toBe(false)
  })

  test.for(['40P01', '55P03', '53100'])('lives on after %s', (code) => {
    expect(isAnswer(withCode(code))).toBe(true)
  })
})

describe('what is missing', () => {
  test("is the tenant, when it is the tenant's schema", () => {
    const error = asStoreError(withCode('42P01', 'relation "diku_mod_marc_migrations.operation" does not exist'), at)
    expect(error).toMatchObject({ code: 'TENANT_UNKNOWN' })
    expect(isSchemaGone(error)).toBe(true)
  })

  test('is the migration of the database, when it is the control schema', () => {
    const error = asStoreError(withCode('42P01', 'relation "marc_migrations_control.tenant" does not exist'), at)
    expect(error).toMatchObject({ code: 'CONFIG_INVALID' })
    expect(String(error)).toContain('migrate-db')
    expect(isSchemaGone(error)).toBe(false)
  })
})
