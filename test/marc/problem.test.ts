import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { problemCodes, readIso2709 } from '@marc-migrations/marc'

import { makeRecord } from './make-record.ts'

test('every problem is documented as it is', () => {
  const readme = readFileSync(join(import.meta.dirname, '..', '..', 'libs', 'marc', 'README.md'), 'utf8')
  const documented = [...readme.matchAll(/^\| ([A-Z][A-Z0-9_]+) \| (\w+) \| (.+) \| (.+) \|$/gm)].map((row) =>
    row.slice(1, 5)
  )

  expect(documented).toEqual(
    Object.entries(problemCodes).map(([code, { severity, message, hint }]) => [code, severity, message, hint])
  )
})

test('a problem says what, where, how bad and what to do', () => {
  const record = makeRecord([
    ['001', 'r1'],
    ['650', ' 0$aTopic$Bx']
  ])
  const [reading] = [...readIso2709(record, { firstIndex: 3, firstOffset: 1000 })]

  expect(reading?.ok === true && reading.problems).toEqual([
    {
      code: 'SUBFIELD_CODE_UPPER',
      severity: 'warning',
      tag: '650',
      subfield: 'b',
      offset: 1000 + record.indexOf(' 0\x1fa'),
      message: 'an upper-case subfield code was read as lower case: B',
      hint: problemCodes.SUBFIELD_CODE_UPPER.hint
    }
  ])
})

test('a record with a thousand problems does not make a list of a thousand', () => {
  const record = makeRecord([
    ['001', 'r1'],
    ['500', `  ${'$A'.repeat(1000)}x`]
  ])
  const [reading] = [...readIso2709(record, { firstIndex: 0, firstOffset: 0 })]

  expect(reading?.ok === true && reading.problems).toHaveLength(101)
  expect(reading?.ok === true && reading.problems.at(-1)?.code).toBe('PROBLEMS_CUT')
})
