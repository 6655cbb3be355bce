import { expect, test } from 'vitest'

import { MAX_RECORD_BYTES, readerOf } from '@marc-migrations/marc'

import { readAll, readingLine } from './reading-line.ts'

const LEADER = '<leader>00000nz  a2200000n  4500</leader>'
const record = (id: string, inner = '') => `<record>${LEADER}<controlfield tag="001">${id}</controlfield>${inner}</record>`

async function read(text: string): Promise<string[]> {
  const readings = await readAll(Buffer.from(text), { format: 'marcxml' })
  return readings.map((reading) =>
    reading.ok ? `${reading.controlNumber} ${reading.marc.slice(47)}` : reading.problem.code
  )
}

test('the plain way of writing a record and every other way give the same', async () => {
  const field = (open: string, subfield: string) => `<datafield ${open}>${subfield}</datafield>`
  const plain = record('r', field('tag="100" ind1="1" ind2=" "', '<subfield code="a">A &amp; B é</subfield>'))
  const others = [
    record('r', field(`tag='100' ind1='1' ind2=' '`, '<subfield code="a">A &amp; B é</subfield>')),
    record('r', field('ind2=" " ind1="1" tag="100"', '<subfield code="a">A &#38; B &#xE9;</subfield>')),
    record('r', field('tag="100" ind1="1" ind2=" "', '<subfield code="a"><![CDATA[A & B é]]></subfield>')),
    record('r', field('tag="100" ind1="1" ind2=" " ', '<subfield  code="a" >A &amp;<!-- and --> B é</subfield >')),
    record(
      'r',
      `<extra><subfield code="z">no</subfield></extra>${field('tag="100" ind1="1" ind2=" "', '<subfield code="a">A &amp; B é</subfield>')}`
    ),
    plain.replaceAll('<', '<m:').replaceAll('<m:/', '</m:')
  ]

  const expected = await read(plain)
  expect(expected).toHaveLength(1)
  for (const other of others) expect(await read(`<c>${other}</c>`)).toEqual(expected)
})

test('values keep their white space, line ends become line feeds', async () => {
  expect(await read(record(' a\n\r\n b '))).toEqual([' a\n\n b  {"001":" a\\n\\n b "}]}'])
})

test.each([
  ['an ampersand', record('a & b')],
  ['a control character', record('a\x07b')],
  ['a forbidden reference', record('a&#x1F;b')],
  ['an unknown entity', record('a&eacute;b')],
  ['tags that cross', '<record><leader>x</record></leader></record>'],
  ['an attribute without quotes', record('a', '<datafield tag=100 ind1="1" ind2=" "/>')],
  ['the end of a CDATA section in text', record('a]]>b')]
])('%s costs one record, the next one is read', async (_, broken) => {
  expect(await read(`<collection>${broken}${record('next')}</collection>`)).toEqual([
    'XML_MALFORMED',
    'next {"001":"next"}]}'
  ])
})

test('a record whose end tag is missing is named, the next one is read', async () => {
  const open = record('a').replace('</record>', '')

  expect(await read(`<collection>${open}${record('b')}`)).toEqual(['XML_UNCLOSED', 'b {"001":"b"}]}'])
  expect(await read(`<collection>${record('a')}${open}`)).toEqual(['a {"001":"a"}]}', 'XML_UNCLOSED'])
})

test('a record element without MARC is named; the shell of a deleted one is none', async () => {
  expect(await read('<collection><record/></collection>')).toEqual(['XML_NOT_MARC'])
  expect(await read('<OAI-PMH><record><header status="deleted"/></record></OAI-PMH>')).toEqual([])
})

test('a DOCTYPE ends the reading, entities are never expanded', async () => {
  const text = `<!DOCTYPE c [<!ENTITY a "${'x'.repeat(100)}">]><c>${record('&a;')}</c>`

  expect(await read(text)).toEqual(['XML_DOCTYPE'])
})

test('an encoding that is not known is one error', async () => {
  expect(await read(`<?xml version="1.0" encoding="KLINGON"?><c>${record('a')}</c>`)).toEqual(['XML_ENCODING_UNKNOWN'])
})

test('a record beyond the cap is named and the file is read on, wherever the pieces end', async () => {
  const endless = record('a').replace('</record>', ' '.repeat(MAX_RECORD_BYTES + 100_000))
  const bytes = Buffer.from(`<c>${endless}</record>${record('b')}</c>`)
  const whole = readerOf('marcxml')
  const expected = [...whole.push(bytes), ...whole.end()]

  expect(expected.map((reading) => (reading.ok ? reading.controlNumber : reading.problem.code))).toEqual([
    'RECORD_TOO_LONG',
    'b'
  ])
  expect(await readAll(bytes, { format: 'marcxml' }, 70_001)).toEqual(expected)
})

test('offsets are bytes of the file', async () => {
  const text = `<c>é😀${record('a')}ü${record('b')}</c>`
  const readings = await readAll(Buffer.from(text))

  for (const { offset, length } of readings)
    expect(
      Buffer.from(text)
        .subarray(offset, offset + length)
        .toString()
    ).toMatch(/^<record>.*<\/record>$/)
  expect(readings.map(readingLine)).toHaveLength(2)
})
