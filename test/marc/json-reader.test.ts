import { expect, test } from 'vitest'

import { MAX_RECORD_BYTES } from '@marc-migrations/marc'
import type { Reading } from '@marc-migrations/marc'

import { readAll } from './reading-line.ts'

const record = (id: string) => ({ leader: '00000nz  a2200000n  4500', fields: [{ '001': id }] })

async function idsOf(text: string, pieceBytes?: number): Promise<(string | undefined)[]> {
  const readings: Reading[] = await readAll(Buffer.from(text), { format: 'json' }, pieceBytes)
  return readings.map((reading) => (reading.ok ? reading.controlNumber : reading.problem.code))
}

test.each([
  ['an array', JSON.stringify([record('a'), record('b')])],
  ['an array over many lines', JSON.stringify([record('a'), record('b')], null, 2)],
  ['objects after each other', `${JSON.stringify(record('a'), null, 1)}\n${JSON.stringify(record('b'))}`],
  ['a list in an object', JSON.stringify({ total: 2, records: [record('a'), record('b')], page: { next: null } })],
  ['two lists in an object', JSON.stringify({ records: [record('a')], other: [1], sourceRecords: [record('b')] })]
])('%s is read record by record', async (_, text) => {
  for (const pieceBytes of [1, 7, text.length]) expect(await idsOf(text, pieceBytes)).toEqual(['a', 'b'])
})

test('braces, quotes and backslashes in values do not mislead', async () => {
  const odd = record('x"}]\\')

  expect(await idsOf(JSON.stringify([odd, record('b')]), 3)).toEqual(['x"}]\\', 'b'])
})

test('an element that is no record is one error, the next one is read', async () => {
  expect(await idsOf(`[1, "two", {"no":"record"}, {bad}, ${JSON.stringify(record('b'))}]`)).toEqual([
    'JSON_NOT_MARC',
    'JSON_NOT_MARC',
    'JSON_NOT_MARC',
    'JSON_UNREADABLE',
    'b'
  ])
})

test('a file that is cut off ends with one error', async () => {
  const text = JSON.stringify([record('a'), record('b')])

  expect(await idsOf(text.slice(0, -20))).toEqual(['a', 'JSON_UNREADABLE'])
})

test('a value beyond the cap is one error and does not stay in memory', async () => {
  const huge = JSON.stringify({ ...record('huge'), note: 'x'.repeat(MAX_RECORD_BYTES) })

  expect(await idsOf(`[${JSON.stringify(record('a'))},${huge},${JSON.stringify(record('b'))}]`, 65_536)).toEqual([
    'a',
    'RECORD_TOO_LONG',
    'b'
  ])
})
