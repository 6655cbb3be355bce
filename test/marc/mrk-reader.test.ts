import { expect, test } from 'vitest'

import { MAX_RECORD_BYTES, readerOf } from '@marc-migrations/marc'

import { readAll } from './reading-line.ts'

const LEADER = '=LDR  00000nam\\a2200000\\a\\4500'

async function fieldsOf(...lines: string[]): Promise<unknown> {
  const [reading] = await readAll(Buffer.from([LEADER, '=001  r1', ...lines, ''].join('\n')), { format: 'mrk' })
  return reading?.ok === true ? (JSON.parse(reading.marc) as { fields: unknown[] }).fields.slice(1) : reading
}

test('backslashes are blanks in control fields and indicators, and themselves in subfields', async () => {
  expect(await fieldsOf('=008  990101s1999\\\\\\\\xxu', '=245  1\\$aa \\ b$b c ')).toEqual([
    { '008': '990101s1999    xxu' },
    { '245': { ind1: '1', ind2: ' ', subfields: [{ a: 'a \\ b' }, { b: ' c ' }] } }
  ])
})

test('mnemonics stand for the signs that mean something', async () => {
  expect(await fieldsOf('=500  \\\\$a{dollar}5 {lcub}x{rcub} {bsol} {Dollar}')).toEqual([
    { '500': { ind1: ' ', ind2: ' ', subfields: [{ a: '$5 {x} \\ $' }] } }
  ])
})

test('line ends of any system part lines', async () => {
  const readings = await readAll(Buffer.from(`\ufeff${LEADER}\r\n=001  a\r\n\r\n${LEADER}\r\n=001  b`), { format: 'mrk' })

  expect(readings.map((reading) => reading.ok && [reading.controlNumber, reading.problems.length])).toEqual([
    ['a', 0],
    ['b', 0]
  ])
})

test('lines without end are cut at the cap, wherever the pieces end', async () => {
  const bytes = Buffer.from(`${LEADER}\n=500  \\\\$a${'x'.repeat(MAX_RECORD_BYTES)}\n\n${LEADER}\n=001  last\n`)
  const whole = readerOf('mrk')
  const expected = [...whole.push(bytes), ...whole.end()]

  expect(expected.at(-1)).toMatchObject({ ok: true, controlNumber: 'last' })
  expect(await readAll(bytes, { format: 'mrk' }, 70_001)).toEqual(expected)
})
