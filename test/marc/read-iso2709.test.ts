import { expect, test } from 'vitest'

import { readIso2709 } from '@marc-migrations/marc'
import type { Reading } from '@marc-migrations/marc'

import { makeRecord, soundRecord } from './make-record.ts'

const start = { firstIndex: 0, firstOffset: 0 }

function read(...records: Uint8Array[]): Reading[] {
  return [...readIso2709(Buffer.concat(records), start)]
}

function codes(reading: Reading | undefined): string[] {
  if (reading === undefined) return []
  return reading.ok ? reading.problems.map(({ code }) => code) : [reading.problem.code]
}

function marc(reading: Reading | undefined): string | undefined {
  return reading?.ok === true ? reading.marc : undefined
}

test('a sound record becomes canonical text, with the numbers that name it', () => {
  const [reading] = read(soundRecord('n 1', 'Tolstoĭ, "Lev" \\'))

  expect(reading).toEqual({
    ok: true,
    index: 0,
    offset: 0,
    length: soundRecord('n 1', 'Tolstoĭ, "Lev" \\').length,
    marc: '{"leader":"00000nz  a2200000n  4500","fields":[{"001":"n 1"},{"003":"DLC"},{"100":{"ind1":"1","ind2":" ","subfields":[{"a":"Tolstoĭ, \\"Lev\\" \\\\"}]}}]}',
    controlNumber: 'n 1',
    controlNumberIdentifier: 'DLC',
    encoding: 'utf8',
    problems: []
  })
})

test('a piece of a file counts on from its first record and offset', () => {
  const piece = Buffer.concat([soundRecord('r7'), soundRecord('r8')])
  const readings = [...readIso2709(piece, { firstIndex: 7, firstOffset: 1000 })]

  expect(readings.map(({ index, offset }) => [index, offset])).toEqual([
    [7, 1000],
    [8, 1000 + soundRecord('r7').length]
  ])
})

test('a broken record between good ones is one error with its place, the others are read once', () => {
  const broken = makeRecord([['001', 'bad']], { base: '99999', directory: () => ['x'] })
  const readings = read(soundRecord('r1'), broken, soundRecord('r3'))

  expect(readings.map((reading) => (reading.ok ? reading.controlNumber : reading.problem.code))).toEqual([
    'r1',
    'BASE_ADDRESS_IMPOSSIBLE',
    'r3'
  ])
  expect(readings[1]).toMatchObject({ index: 1, offset: soundRecord('r1').length, length: broken.length })
})

test('a last record without its terminator is named, not dropped', () => {
  expect(read(soundRecord('r1'), makeRecord([['001', 'r2']], { terminator: '' })).map(codes)).toEqual([
    [],
    ['RECORD_NOT_TERMINATED']
  ])
})

test('a directory out of data order gives every tag its own value, in the order of the data', () => {
  const record = makeRecord(
    [
      ['001', 'r1'],
      ['400', '1 $aSee from'],
      ['100', '1 $aHeading']
    ],
    { directory: ([a = '', b = '', c = '']) => [a, c, b] }
  )
  const [reading] = read(record)

  expect(codes(reading)).toEqual(['DIRECTORY_ORDER'])
  expect(marc(reading)).toContain(
    '{"400":{"ind1":"1","ind2":" ","subfields":[{"a":"See from"}]}},{"100":{"ind1":"1","ind2":" ","subfields":[{"a":"Heading"}]}}'
  )
})

test('lengths that no longer fit fall back to the field terminators', () => {
  const record = makeRecord(
    [
      ['001', 'r1'],
      ['245', '10$aHosanna Bible'],
      ['300', '  $a1 v.']
    ],
    { directory: ([a = '', b = '', c = '']) => [a, b.replace('0018', '0010'), c] }
  )
  const [reading] = read(record)

  expect(codes(reading)).toEqual(['DIRECTORY_MISFIT'])
  expect(marc(reading)).toContain('"Hosanna Bible"')
  expect(marc(reading)).toContain('"1 v."')
})

test('001 comes first, of several the last is kept, control fields stand before data fields', () => {
  const [reading] = read(
    makeRecord([
      ['100', '1 $aX'],
      ['003', 'DLC'],
      ['001', 'old'],
      ['001', 'new']
    ])
  )

  expect(codes(reading)).toEqual(['CONTROL_NUMBER_REPEATED'])
  expect(marc(reading)).toMatch(/"fields":\[\{"001":"new"\},\{"003":"DLC"\},\{"100"/)
})

test('leader/09 that says MARC-8 over UTF-8 bytes is read as UTF-8, with a warning', () => {
  const record = makeRecord(
    [
      ['001', 'r1'],
      ['100', '1 $aТолстой']
    ],
    { leader: '00000nz   2200000n  4500' }
  )
  const [reading] = read(record)

  expect(codes(reading)).toEqual(['UTF8_UNDECLARED'])
  expect(marc(reading)).toContain('Толстой')
  expect(marc(reading)).toContain('"00000nz  a2200000n  4500"')
})

test('a byte that is no UTF-8 is named by field and subfield, the rest of the record is kept', () => {
  const record = makeRecord([
    ['001', 'r1'],
    ['100', Buffer.from('1 \x1faCaf\xe9 au lait', 'latin1')]
  ])
  const [reading] = read(record)

  expect(marc(reading)).toContain('"Caf\ufffd au lait"')
  expect(reading?.ok === true && reading.problems).toMatchObject([
    { code: 'UTF8_INVALID', tag: '100', subfield: 'a', severity: 'warning' }
  ])
})

test('empty subfields are dropped, upper-case codes lowered, stray text before the first subfield left out', () => {
  const [reading] = read(
    makeRecord([
      ['001', 'r1'],
      ['100', '1 $a$Lx$b'],
      ['245', '10stray$aTitle']
    ])
  )

  expect(codes(reading)).toEqual(['SUBFIELD_EMPTY', 'SUBFIELD_CODE_UPPER', 'SUBFIELD_EMPTY', 'FIELD_TEXT_DROPPED'])
  expect(marc(reading)).toContain('{"100":{"ind1":"1","ind2":" ","subfields":[{"l":"x"}]}}')
  expect(marc(reading)).toContain('{"245":{"ind1":"1","ind2":"0","subfields":[{"a":"Title"}]}}')
})

test('a record over 99,999 bytes is read and reported', () => {
  const long: [string, string] = ['500', `  $a${'x'.repeat(9000)}`]
  const [reading] = read(makeRecord([['001', 'big'], ...Array.from({ length: 12 }, () => long)], { length: '99999' }))

  expect(codes(reading)).toEqual(['RECORD_OVERSIZE'])
  expect(marc(reading)?.length).toBeGreaterThan(108_000)
})

test('text before a record is skipped and named, and costs no record', () => {
  const [reading] = read(Buffer.from('Each begins with\n00065nz  a2200049n  4500 or so: '), soundRecord('r1'))

  expect(codes(reading)).toEqual(['TEXT_BEFORE_RECORD'])
  expect(reading?.ok === true && reading.controlNumber).toBe('r1')
})

test('two records without a terminator between them are an error, for one reading cannot stand for both', () => {
  const first = soundRecord('r1').subarray(0, -1)

  expect(read(first, soundRecord('r2'), soundRecord('r3')).map(codes)).toEqual([['RECORDS_JOINED'], []])
})

test('data that no directory entry names is left out with a warning', () => {
  const record = makeRecord(
    [
      ['001', 'r1'],
      ['100', '1 $aName'],
      ['500', '  $aDeleted']
    ],
    { directory: (entries) => entries.slice(0, 2) }
  )

  expect(codes(read(record)[0])).toEqual(['DATA_UNNAMED'])
})

test('entries that overlap are not followed: they would multiply the data', () => {
  const record = makeRecord(
    [
      ['001', 'r1'],
      ['500', `  $a${'x'.repeat(9000)}`]
    ],
    {
      directory: ([id = '', note = '']) => [id, ...Array.from({ length: 500 }, () => note)]
    }
  )

  expect(codes(read(record)[0])).toEqual(['DIRECTORY_UNREADABLE'])
})

test('a directory in another order whose lengths are wrong still gives each tag its own value', () => {
  const record = makeRecord(
    [
      ['001', 'r1'],
      ['245', '10$aTitle'],
      ['500', '  $aNote']
    ],
    { directory: ([a = '', b = '', c = '']) => [a, c, b.replace(/^245..../, '2450003')] }
  )
  const [reading] = read(record)

  expect(codes(reading)).toEqual(['DIRECTORY_MISFIT'])
  expect(marc(reading)).toMatch(/"245":.*"Title".*"500":.*"Note"/)
})

test('a base address that is no number is found by the end of the directory', () => {
  const [reading] = read(makeRecord([['001', 'r1']], { base: 'x0037' }))

  expect(codes(reading)).toEqual(['BASE_ADDRESS_WRONG'])
})
