import { MigrationError } from '@marc-migrations/domain'
import { expect, test } from 'vitest'
import { decodeHint, encodeHint } from '../../libs/broker/src/hint-message.ts'
import { aHint } from './bus-fixtures.ts'

const valueOf = (fields: unknown): Buffer => Buffer.from(JSON.stringify(fields))

test('a hint comes back as it went', () => {
  const hint = aHint({ step: 'DATA_SAVING', attempt: 3 })
  expect(decodeHint(Buffer.from(encodeHint(hint).value as string))).toEqual({ hint })
})

test('a message is keyed by its chunk and holds ids, and no more', () => {
  const hint = { ...aHint({ tenant: 't'.repeat(31) }), token: 'secret' }
  const { key, value } = encodeHint(hint)
  expect(key).toBe(hint.chunkId)
  expect(Object.keys(JSON.parse(value as string) as object)).toEqual([
    'v',
    'tenant',
    'operationId',
    'chunkId',
    'step',
    'attempt'
  ])
  expect(Buffer.byteLength(value as string)).toBeLessThan(1024)
})

test('the one header is a traceparent: a trace per operation, a span per chunk', () => {
  const operationId = '0a1b2c3d-0000-4000-8000-00000000000f'
  const chunkId = 'ffffffff-0000-4000-8000-0000000000AB'
  expect(encodeHint(aHint({ operationId, chunkId })).headers).toEqual({
    traceparent: '00-0a1b2c3d00004000800000000000000f-80000000000000ab-00'
  })
})

test('ids that are no UUIDs travel without a trace', () => {
  expect(encodeHint(aHint({ operationId: 'one' })).headers).toEqual({})
})

test('a message of 1 KiB is an error of ours, not a message', () => {
  expect(() => encodeHint(aHint({ chunkId: 'c'.repeat(1024) }))).toThrow(MigrationError)
})

test('a later version is newer, whatever else it holds', () => {
  expect(decodeHint(valueOf({ v: 2, chunks: [] }))).toBe('newer')
})

test.each([
  ['nothing', null],
  ['no JSON', Buffer.from('{')],
  ['JSON that is no object', Buffer.from('7')],
  ['null', Buffer.from('null')],
  ['no version', valueOf({ ...aHint(), v: undefined })],
  ['no chunk', valueOf({ ...aHint(), chunkId: undefined })],
  ['a number for a tenant', valueOf({ ...aHint(), tenant: 1 })],
  ['a stage that is none', valueOf({ ...aHint(), step: 'DATA_EATING' })]
])('%s is unreadable', (_name, value) => {
  expect(decodeHint(value)).toBe('unreadable')
})
