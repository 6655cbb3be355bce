import { expect, test } from 'vitest'

import { readIso2709 } from '@marc-migrations/marc'
import type { Reading, TextOptions } from '@marc-migrations/marc'

import { decodeMarc8 } from '../../libs/marc/src/marc8/decode-marc8.ts'
import { makeRecord } from './make-record.ts'

const LEADER = '00000nz   2200000n  4500'

function read(value: string, options: TextOptions = {}, tag = '500'): Reading | undefined {
  const record = makeRecord(
    [
      ['001', 'r1'],
      [tag, Buffer.from(`  \x1fa${value}`, 'latin1')]
    ],
    { leader: LEADER }
  )
  return [...readIso2709(record, { firstIndex: 0, firstOffset: 0 }, options)][0]
}

function textOf(value: string, options: TextOptions = {}, tag?: string): string {
  const reading = read(value, options, tag)
  if (reading?.ok !== true) return reading?.problem.code ?? ''
  const { fields } = JSON.parse(reading.marc) as {
    fields: readonly Record<string, { subfields: readonly { a: string }[] }>[]
  }
  return fields[1]?.[tag ?? '500']?.subfields[0]?.a ?? ''
}

/** Codes and characters by the Library of Congress code tables. */
test.each([
  ['extended Latin', '\xa1\xa2\xa5\xb2\xb9\xc0\xc6\xc7\xc8', 'ŁØÆø£°¡ß€'],
  ['a mark before its letter', '\xe2e\xe8u\xf0c', 'éüç'],
  ['two marks on one letter', '\xe3\xe2a', 'ấ'],
  ['a mark on a blank', 'x\xe2 x', 'x\u0020\u0301x'],
  ['a mark without anything behind it', 'x\xe2', 'x\u0301'],
  ['a ligature over two letters', 'T\xebi\xeca', 'Ti\u0361a'],
  ['a double tilde', '\xfan\xfbg', 'n\u0360g'],
  ['Cyrillic', '\x1b(NmOSKWA\x1b(B.', 'Москва.'],
  ['extended Cyrillic in G1', '\x1b)Q\xc0\x1b)!E\xe2e', 'ґé'],
  ['Greek', '\x1b(Sabd\x1b(B', 'αβγ'],
  ['Hebrew', '\x1b(2ylem\x1b(B', 'שלום'],
  ['Arabic and extended Arabic', '\x1b(3eMeO\x1b(4!\x1b(B', 'محمد\u06fd'],
  ['Greek symbols', '\x1bgabc\x1bs-', 'αβγ-'],
  ['subscripts', 'H\x1bb2\x1bsO', 'H₂O'],
  ['superscripts', 'x\x1bp2\x1bs', 'x²'],
  ['East Asian', '\x1b$1!0!!0"\x1b(B', '一丁'],
  ['the other escape for East Asian', '\x1b$,1!0!\x1b(B', '一'],
  ['East Asian in G1', '\x1b$)1\xa1\xb0\xa1a', '一a'],
  ['signs that are left out when sorting', '\x88The \x89Title', '\u0098The \u009cTitle']
])('%s', (_, bytes, expected) => {
  expect(textOf(bytes)).toBe(expected)
})

test('all of the East Asian set is there', () => {
  let mapped = 0
  for (let first = 0x21; first < 0x7f; first++) {
    for (let second = 0x21; second < 0x7f; second++) {
      const row = Array.from({ length: 0x5f }, (__, third) => String.fromCharCode(first, second, third + 0x20))
      const { text, unmapped } = decodeMarc8(Buffer.from(`\x1b$1${row.join('')}`, 'latin1'))
      mapped += text.length - unmapped.length / 3
    }
  }

  expect(mapped).toBe(15_739)
})

test('what no table knows is U+FFFD and a named warning, never an exception', () => {
  const reading = read('a\xff\x80b\x1b(Zc\x1b')

  expect(textOf('a\xff\x80b\x1b(Zc\x1b')).toBe('a\ufffd\ufffdb\ufffd(Zc\ufffd')
  expect(reading).toMatchObject({
    encoding: 'marc8',
    problems: [{ code: 'MARC8_UNMAPPED', tag: '500', subfield: 'a', severity: 'warning' }]
  })
  expect(reading?.ok === true && reading.problems[0]?.message).toContain('FF 80 1B 1B')
})

test('a broken East Asian character costs its bytes, the escape after it still works', () => {
  expect(textOf('\x1b$1!0!!0\x1b(B end')).toBe('一\ufffd\ufffd end')
  expect(textOf('\x1b$1~~~!0!\x1b(B end')).toBe('\ufffd一 end')
})

test('converted text is composed; FOLIO’s decomposed form is a setting; UTF-8 is kept as it came', () => {
  const utf8 = makeRecord([
    ['001', 'r1'],
    ['500', '  $ae\u0301 é']
  ])
  const [kept] = [...readIso2709(utf8, { firstIndex: 0, firstOffset: 0 })]

  expect(textOf('\xe2e')).toBe('\u00e9')
  expect(textOf('\xe2e', { form: 'MARC8' })).toBe('e\u0301')
  expect(kept?.ok === true && kept.marc).toContain('"e\u0301 \u00e9"')
})

test('sets are those of the standard again in the next subfield', () => {
  const record = makeRecord(
    [
      ['001', 'r1'],
      ['500', Buffer.from('  \x1fa\x1b(NmOSKWA\x1fbplain \xe2e', 'latin1')]
    ],
    { leader: LEADER }
  )
  const [reading] = [...readIso2709(record, { firstIndex: 0, firstOffset: 0 })]

  expect(reading?.ok === true && reading.marc).toContain('[{"a":"Москва"},{"b":"plain é"}]')
})

test('FOLIO’s guess of Latin-1 is made only when it is asked for', () => {
  expect(textOf('\xc32015')).toBe('©2015')
  expect(textOf('\xc32015', { latin1Guess: true })).toBe('Ã2015')
  expect(read('\xc32015', { latin1Guess: true })).toMatchObject({
    encoding: 'latin1',
    problems: [{ code: 'LATIN1_GUESSED' }]
  })
  expect(textOf('\xe2e', { latin1Guess: true }, '245')).toBe('é')
})
