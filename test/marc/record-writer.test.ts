import { describe, expect, test } from 'vitest'

import { canonicalJson, readIso2709, recordWriter, writeFormats } from '@marc-migrations/marc'
import type { MarcField, MarcRecord, WriteFormat, Written } from '@marc-migrations/marc'

import { readAll } from './reading-line.ts'

const LEADER = '00000nz  a2200000n  4500'

function recordOf(...fields: MarcField[]): string {
  const record: MarcRecord = { leader: LEADER, fields: [{ tag: '001', value: 'r1' }, ...fields] }
  return canonicalJson(record)
}

function data(tag: string, value: string, { ind1 = '1', ind2 = ' ', code = 'a' } = {}): MarcField {
  return { tag, ind1, ind2, subfields: [{ code, value }] }
}

async function roundTrip(format: WriteFormat, records: readonly string[]): Promise<string[]> {
  const writer = recordWriter(format)
  const written = records.map((marc) => writer.write(marc))
  const bytes = written.map((result) => (result.ok ? result.bytes : Buffer.alloc(0)))
  const readings = await readAll(Buffer.concat([Buffer.from(writer.begin), ...bytes, Buffer.from(writer.end)]))
  return readings.map((reading) => (reading.ok ? reading.marc : reading.problem.code))
}

describe.each(writeFormats)('%s', (format) => {
  test('what is written is read back the same', async () => {
    const records = [
      recordOf({ tag: '008', value: '990101s1999    xxu' }, data('100', ' Tolstoĭ, Лев, 村上 😀 ')),
      recordOf(data('500', 'Costs $5 {net} & <more> "quoted" \\ back')),
      recordOf(data('500', 'line\nend\ttab\rreturn &#x0A; &amp;', { ind1: '|', ind2: '9', code: '9' }))
    ]

    expect(await roundTrip(format, records)).toEqual(records)
  })
})

test('a record beyond the limits of ISO 2709 is refused with the reason', () => {
  const writer = recordWriter('iso2709')
  const long = Array.from({ length: 12 }, () => data('500', 'x'.repeat(9000)))

  expect(writer.write(recordOf(data('500', 'x'.repeat(10_000))))).toMatchObject({ ok: false, code: 'WRITE_TOO_LONG' })
  expect(writer.write(recordOf(...long))).toMatchObject({ ok: false, code: 'WRITE_TOO_LONG' })
})

test.each(['iso2709', 'marcxml', 'mrk'] as const)('a field that is none in %s is refused with the reason', (format) => {
  const odd = canonicalJson({ leader: LEADER, fields: [{ tag: '', ind1: ' ', ind2: ' ', subfields: [] }] })

  expect(recordWriter(format).write(odd)).toMatchObject({ ok: false, code: 'WRITE_UNFIT' })
})

test.each([
  ['iso2709', data('500', 'a\x1eb')],
  ['marcxml', data('500', 'a\x07b')],
  ['mrk', data('500', 'x', { ind1: '$' })]
] as const)('a character that %s cannot hold is replaced, and the field is named', (format, field) => {
  const written: Written = recordWriter(format).write(recordOf(field))

  expect(written).toMatchObject({ ok: true, changed: ['500'] })
})

test('ISO 2709 says of itself what it is: UTF-8, two indicators, right lengths', () => {
  const written = recordWriter('iso2709').write(recordOf(data('100', 'é')).replace('nz  a22', 'nz   33'))
  const readings = written.ok ? [...readIso2709(written.bytes, { firstIndex: 0, firstOffset: 0 })] : []

  expect(readings).toMatchObject([{ ok: true, problems: [], marc: recordOf(data('100', 'é')) }])
})
