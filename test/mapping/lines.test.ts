import { createHash } from 'node:crypto'
import { compileMapping, defaultRules, fileRecordId, rejectUnmapped } from '@marc-migrations/mapping'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { quote } from '../../libs/mapping/src/entity/quote.ts'
import { marcOf } from './map-one.ts'

const row = {
  marcId: 'aaaaaaaa-0000-4000-8000-000000000001',
  recordId: 'bbbbbbbb-0000-4000-8000-000000000002',
  state: 'ACTUAL',
  version: 3
}
const marc = marcOf(['001 n 1', '100 1# $a Café "x"/<b>'])
const rules = JSON.stringify({ 100: [{ target: 'personalName', subfield: ['a'], rules: [] }] })
const mapping = (params = '{}') => compileMapping({ entityType: 'authority', rules, params })

describe('a stored row', () => {
  test('becomes an entity line with the id and version of the row and source MARC first', () => {
    const result = mapping().remapRow({ ...row, marc })
    expect(result.ok && result.line).toMatch(
      /^\{"id":"bbbbbbbb-0000-4000-8000-000000000002","_version":3,"source":"MARC","personalName":"Café \\"x\\"\/<b>","sftPersonalName":\[\],.*"notes":\[\]\}$/
    )
  })

  test('without a version gives a line without one', () => {
    const result = mapping().remapRow({ ...row, marc, version: null })
    expect(result.ok && result.line).toContain('"id":"bbbbbbbb-0000-4000-8000-000000000002","source":"MARC"')
  })

  test('whose record gives nothing is rejected in the words of FOLIO', () => {
    expect(mapping().remapRow({ ...row, marc: '{"leader":"short"}' })).toEqual({
      ok: false,
      rejectedLine: `{"marcId":"${row.marcId}","recordId":"${row.recordId}","marc":{"null":false,"type":"jsonb","value":"{\\"leader\\":\\"short\\"}"},"state":"ACTUAL","version":3}`,
      reasonLine: `${row.recordId},Could not map record for marcId ${row.marcId}, recordId ${row.recordId}. Please check the logs for more details.`
    })
  })

  test('without a record is rejected without it', () => {
    expect(mapping().remapRow({ ...row, marc: null, version: null })).toEqual({
      ok: false,
      rejectedLine: `{"marcId":"${row.marcId}","recordId":"${row.recordId}","state":"ACTUAL"}`,
      reasonLine: `${row.recordId},The record has no MARC content`
    })
  })

  test('that gives nothing where source files are known is rejected with the fact itself', () => {
    const params = JSON.stringify({ authoritySourceFiles: [{ id: 'f', codes: ['n'] }] })
    expect(mapping(params).remapRow({ ...row, marc: '{"leader":"short"}' })).toMatchObject({
      reasonLine: `${row.recordId},leader has 5 characters instead of 24`
    })
  })

  test('is rejected on one line, whatever the reason says', () => {
    expect(rejectUnmapped({ ...row, marc: null }, 'one\r\ntwo\nthree').reasonLine).toBe(`${row.recordId},one two three`)
  })

  test('is rejected with its id when there are no rules', () => {
    expect(rejectUnmapped({ ...row, marc: null }).reasonLine).toBe(`${row.recordId},Failed to fetch mapping metadata`)
  })

  test('one that fails leaves its neighbours as they are', () => {
    const engine = mapping()
    const alone = mapping().remapRow({ ...row, marc })
    for (const bad of ['{', '{"leader":"short"}', '[]', '{"fields":[{"100":{"subfields":[{"":"x"}]}}]}']) {
      expect(engine.remapRow({ ...row, marc }).ok).toBe(true)
      expect(engine.remapRow({ ...row, marc: bad }).ok).toBe(false)
      expect(engine.remapRow({ ...row, marc })).toEqual(alone)
    }
  })
})

describe('a record of a file', () => {
  const place = { index: 7, offset: 1200, length: 300 }

  test('becomes an entity line without a version', () => {
    const result = mapping().remapFileRecord({ ...place, id: row.recordId, marc })
    expect(result.ok && result.line).toContain(`{"id":"${row.recordId}","source":"MARC","personalName"`)
  })

  test('is rejected with its place, its id and its record', () => {
    expect(mapping().remapFileRecord({ ...place, id: row.recordId, marc: '{"leader":"short"}' })).toEqual({
      ok: false,
      rejectedLine: `{"index":7,"offset":1200,"length":300,"recordId":"${row.recordId}","marc":{"leader":"short"}}`,
      reasonLine: `${row.recordId},Could not map record: leader has 5 characters instead of 24`
    })
  })

  test('that could not be read has neither', () => {
    expect(rejectUnmapped(place, 'no directory')).toEqual({
      ok: false,
      rejectedLine: '{"index":7,"offset":1200,"length":300}',
      reasonLine: '<unknown>,no directory'
    })
  })

  test('that is not JSON, or not on one line, is quoted on one line', () => {
    expect(rejectUnmapped({ ...place, marc: '{bad\n' }, 'x').rejectedLine).toContain('"marc":"{bad\\n"}')
    expect(rejectUnmapped({ ...place, marc: '{\n"a":\n1}' }, 'x').rejectedLine).toContain('"marc":{"a":1}}')
  })
})

describe('the id of a record of a file', () => {
  const identity = { tenant: 'diku', entityType: 'authority', sourceName: 'a.mrc', bytes: Buffer.from('x') } as const

  test('is the same for the same 003 and 001, however they are padded, and whatever the bytes', () => {
    const id = fileRecordId({ ...identity, controlNumberIdentifier: 'DLC', controlNumber: 'n 1' })
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    expect(
      fileRecordId({
        ...identity,
        sourceName: 'b',
        bytes: Buffer.from('y'),
        controlNumberIdentifier: ' DLC',
        controlNumber: 'n 1 '
      })
    ).toBe(id)
  })

  test('differs by tenant, entity type, 003 and 001', () => {
    const ids = [
      fileRecordId({ ...identity, controlNumber: '1' }),
      fileRecordId({ ...identity, controlNumber: '2' }),
      fileRecordId({ ...identity, controlNumber: '1', controlNumberIdentifier: 'DLC' }),
      fileRecordId({ ...identity, controlNumber: '1', tenant: 'other' }),
      fileRecordId({ ...identity, controlNumber: '1', entityType: 'instance' }),
      fileRecordId({ ...identity, controlNumber: '1', sourceName: 'b.mrc' }),
      fileRecordId(identity),
      fileRecordId({ ...identity, bytes: Buffer.from('y') })
    ]
    expect(new Set(ids).size).toBe(ids.length)
  })

  test('comes from the bytes where there is no 001, whatever the file is called', () => {
    expect(fileRecordId({ ...identity, controlNumber: ' ' })).toBe(fileRecordId({ ...identity, sourceName: 'b' }))
  })

  test('is UUID v5 and never changes', () => {
    const hash = createHash('sha1')
      .update(Buffer.from('5f0c2a7e9d4b4f6aa1c36be08f21d7c4', 'hex'))
      .update('["diku","authority","DLC","n1"]')
      .digest('hex')
    const id = fileRecordId({ ...identity, controlNumberIdentifier: 'DLC', controlNumber: 'n1' })
    expect(id.slice(0, 8)).toBe(hash.slice(0, 8))
    expect(id).toBe('a6dbd4fc-35c4-58f9-8553-f5a71595a1f4')
  })
})

describe('escaping', () => {
  test('any text comes back from what was written', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(JSON.parse(quote(text))).toBe(text)
      })
    )
  })

  test('nothing is escaped that need not be, control characters in upper-case hex', () => {
    expect(quote('/<é\u2028😀\u007f')).toBe('"/<é\u2028😀\u007f"')
    expect(quote('\u001f\t"\\')).toBe('"\\u001F\\t\\"\\\\"')
  })

  test('texts of rules and reference data are escaped even where the record needs none', () => {
    const odd = { 100: [{ target: 'personalName', subfield: ['a'], rules: [{ conditions: [], value: 'a"b' }] }] }
    const engine = compileMapping({ entityType: 'authority', rules: JSON.stringify(odd), params: '{}' })
    const result = engine.remapRow({ ...row, marc: marcOf(['100 1# $a x']) })
    expect(result.ok && result.line).toContain('"personalName":"a\\"b"')
  })
})

test('a record with and without escapes gives the same line for the same content', () => {
  const engine = compileMapping({ entityType: 'authority', ...defaultRules.authority })
  const plain = marcOf(['001 n1', '100 1# $a Müller', '400 1# $a Mueller'])
  const escaped = plain.replaceAll('ü', '\\u00fc')
  expect(engine.remapRow({ ...row, marc: escaped })).toEqual(engine.remapRow({ ...row, marc: plain }))
})
