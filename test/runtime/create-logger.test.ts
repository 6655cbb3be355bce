import { MigrationError } from '@marc-migrations/domain'
import { createLogger } from '@marc-migrations/runtime'
import { describe, expect, test } from 'vitest'

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJkaWt1In0.c2lnbmF0dXJl'

/** What is written while `act` runs. */
function linesOf(act: (logger: ReturnType<typeof createLogger>) => void, logLevel: 'info' | 'debug' = 'info'): string[] {
  const lines: string[] = []
  act(createLogger({ logLevel }, { service: 'worker', version: '1.0.0' }, { write: (line: string) => lines.push(line) }))
  return lines
}

test('an event is one JSON line with its fields and those of its ancestors', () => {
  const [line = ''] = linesOf((logger) =>
    logger.child({ tenant: 'diku' }).child({ epoch: 2 }).info({ mapped: 500 }, 'chunk.counted')
  )

  expect(line.endsWith('\n')).toBe(true)
  const { time, ...rest } = JSON.parse(line) as Record<string, unknown>
  expect(time).toMatch(/^\d{4}-\d\d-\d\dT/)
  expect(rest).toEqual({
    level: 'info',
    service: 'worker',
    version: '1.0.0',
    tenant: 'diku',
    epoch: 2,
    mapped: 500,
    msg: 'chunk.counted'
  })
})

test('whatever a text holds, the line is one, tells it whole, and commands no terminal', () => {
  const said = Array.from({ length: 0x2070 }, (_, i) => String.fromCharCode(i)).join('')
  const [line = '', ...more] = linesOf((logger) => logger.child({ [said]: 1 }).info({ said, err: new Error(said) }, said))

  expect(more).toEqual([])
  expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/)
  expect(JSON.parse(line)).toMatchObject({ said, msg: said, err: { message: said } })
})

test('what lies below the level is not written', () => {
  expect(linesOf((logger) => logger.debug({}, 'noise'))).toEqual([])
  expect(linesOf((logger) => logger.debug({}, 'noise'), 'debug')).toHaveLength(1)
})

test('the level changes for children that are there already', () => {
  const lines = linesOf((logger) => {
    const child = logger.child({ tenant: 'diku' })
    logger.setLevel('debug')
    child.debug({}, 'seen')
    logger.setLevel('error')
    child.warn({}, 'not seen')
  })
  expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual(['seen'])
})

describe('no secret is written', () => {
  test.each([
    ['a token by its header', { headers: { 'X-Okapi-Token': 'CANARY', 'x-okapi-tenant': 'diku' } }],
    ['a password deep inside', { config: { db: { password: 'CANARY' } } }],
    ['credentials', { s3: { accessKeyId: 'CANARY', secretAccessKey: 'CANARY' } }],
    ['the token key', { tokenKey: 'CANARY' }],
    ['an authorization header', { authorization: 'Bearer CANARY' }],
    ['a password in an address', { url: 'postgres://folio:CANARY@db:5432/x' }],
    ['a presigned request', { url: 'http://s3/b/k?X-Amz-Signature=CANARY&x=1' }],
    ['secrets in a list', { nodes: [{ secret: 'CANARY' }] }]
  ])('%s', (_what, fields) => {
    const [line = ''] = linesOf((logger) => logger.child(fields).info(fields, 'event'))
    expect(line).toContain('[redacted]')
    expect(line).not.toContain('CANARY')
  })

  test('a web token inside a text', () => {
    const [line = ''] = linesOf((logger) => logger.warn({ answer: `refused ${JWT} today` }, 'event'))
    expect(line).toContain('refused [redacted] today')
  })

  test('a password or a record inside an error, its cause and its facts', () => {
    const database = Object.assign(new Error('connect postgres://u:CANARY@h'), {
      detail: 'Failing row contains CANARY',
      code: '23505'
    })
    const err = new MigrationError('STORE_UNAVAILABLE', { setting: 'DB_HOST', address: 'pg:5432' }, database)
    const [line = ''] = linesOf((logger) => logger.error({ err }, 'store.unavailable'))

    expect(line).not.toContain('CANARY')
    expect(JSON.parse(line)).toMatchObject({
      err: {
        type: 'MigrationError',
        message: 'STORE_UNAVAILABLE: setting=DB_HOST address=pg:5432',
        code: 'STORE_UNAVAILABLE',
        facts: { address: 'pg:5432' },
        cause: { type: 'Error', code: '23505' }
      }
    })
  })
})

test('bytes are named by their length, not written', () => {
  const [line = ''] = linesOf((logger) => logger.info({ record: Buffer.from('00714cz') }, 'event'))
  expect(JSON.parse(line)).toMatchObject({ record: '[7 bytes]' })
})
