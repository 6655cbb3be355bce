import { expect, test } from 'vitest'

import { problemCodes, validateRecords, validationMarkdown } from '@marc-migrations/marc'
import type { ValidationReport } from '@marc-migrations/marc'

import { makeRecord, soundRecord } from './make-record.ts'
import { readAll } from './reading-line.ts'

async function validate(...records: Uint8Array[]): Promise<ValidationReport> {
  return validateRecords(await readAll(Buffer.concat(records)))
}

test('a sound file has nothing to be said about', async () => {
  const report = await validate(soundRecord('a'), soundRecord('b', 'é'))

  expect(report).toMatchObject({ records: 2, errors: 0, recordsWithWarnings: 0, problems: [] })
  expect(report.encodings).toEqual({ ascii: 1, utf8: 1 })
  expect(report.types).toEqual({ z: 2 })
  expect(validationMarkdown(report, 'names.mrc')).toContain('Nothing to say about this file.')
})

test('problems are counted by code and tag, errors first, with places', async () => {
  const upper = (id: string) =>
    makeRecord([
      ['001', id],
      ['500', '  $Ax$By'],
      ['600', '  $Cz']
    ])
  const report = await validate(upper('a'), Buffer.from('no record, but long enough for one\x1d'), upper('b'))

  expect(report).toMatchObject({ records: 2, errors: 1, recordsWithWarnings: 2 })
  expect(report.problems).toMatchObject([
    {
      code: 'BASE_ADDRESS_IMPOSSIBLE',
      severity: 'error',
      count: 1,
      records: 1,
      examples: [{ index: 1, offset: upper('a').length }]
    },
    {
      code: 'SUBFIELD_CODE_UPPER',
      severity: 'warning',
      hint: problemCodes.SUBFIELD_CODE_UPPER.hint,
      count: 6,
      records: 2,
      tags: [
        { tag: '500', count: 4 },
        { tag: '600', count: 2 }
      ],
      examples: [
        { index: 0, controlNumber: 'a' },
        { index: 2, controlNumber: 'b' }
      ]
    }
  ])
})

test('records with the control number or the LCCN of an earlier one are found', async () => {
  const withLccn = (id: string, source: string, lccn: string) =>
    makeRecord([
      ['001', id],
      ['003', source],
      ['010', `  $zx$a${lccn}`]
    ])
  const report = await validate(
    withLccn('1', 'A', 'n  1'),
    withLccn('1', 'B', 'n 2'),
    withLccn('1', 'A', 'n3'),
    withLccn('4', 'A', 'n 1 ')
  )

  expect(report.duplicates).toEqual({
    controlNumbers: { records: 1, examples: [{ value: 'A 1', firstIndex: 0, index: 2 }], complete: true },
    lccns: { records: 1, examples: [{ value: 'n1', firstIndex: 0, index: 3 }], complete: true }
  })
})

test('what cannot be remembered any more is said', async () => {
  const readings = await readAll(Buffer.concat(['a', 'b', 'c', 'a'].map((id) => soundRecord(id))))
  const report = await validateRecords(readings, { maxIds: 2 })

  expect(report.duplicates.controlNumbers).toMatchObject({ records: 1, complete: false })
  expect(validationMarkdown(report, 'x')).toContain('more values than were remembered')
})

test('many control numbers are told apart', async () => {
  const readings = await readAll(Buffer.concat(Array.from({ length: 20_000 }, (_, at) => soundRecord(`n ${at}`))))

  expect((await validateRecords(readings)).duplicates.controlNumbers).toEqual({ records: 0, examples: [], complete: true })
})

test('what came from a file does not become markup', async () => {
  const report = await validate(
    makeRecord([
      ['001', '<b>*x*</b>'],
      ['500', '  $Ax']
    ])
  )

  expect(validationMarkdown(report, 'a|b.mrc')).not.toMatch(/<b>|[^\\]\*x/)
})
