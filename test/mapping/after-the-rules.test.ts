import { MappingError } from '@marc-migrations/mapping'
import { describe, expect, test } from 'vitest'
import { mapOne } from './map-one.ts'

const to = (target: string, codes: string) => ({ target, subfield: [...codes], rules: [] })

describe('source file and natural id of an authority', () => {
  const names = { id: 'names', codes: ['n', 'nb'] }
  const subjects = { id: 'subjects', codes: ['sh'] }
  const link = (fields: string[], authoritySourceFiles: unknown = [names, subjects], rules: unknown = {}) =>
    mapOne(fields, rules, { params: { authoritySourceFiles } })

  test.each([
    [
      'the first 010 $a with a known prefix',
      ['001 sh1', '010 ## $z n3 $a xx 1 $a  nb 77'],
      { sourceFileId: 'names', naturalId: 'nb77' }
    ],
    ['a later 010', ['001 q9', '010 ## $a zz1', '010 ## $a n 5'], { sourceFileId: 'names', naturalId: 'n5' }],
    ['else 001', ['001 жshé 8'], { sourceFileId: 'subjects', naturalId: 'sh8' }],
    ['an unknown prefix leaves 001 as natural id', ['001 abc_12 3', '010 ## $a zz9'], { naturalId: 'abc123' }],
    ['letter case counts', ['001 SH12'], { naturalId: 'SH12' }],
    ['the whole run of letters counts', ['001 nbx1'], { naturalId: 'nbx1' }],
    ['nothing without 001', ['010 ## $a zz9'], {}]
  ])('%s', (_behaviour, fields, expected) => {
    expect(link(fields)).toEqual(expected)
  })

  test('of two files with one code the last wins', () => {
    expect(link(['001 n1'], [names, { id: 'other', codes: ['n'] }])).toEqual({ sourceFileId: 'other', naturalId: 'n1' })
  })

  test('what rules made of them is lost, unless there are no source files', () => {
    const rules = { '003': [{ target: 'naturalId', subfield: [], rules: [] }] }
    expect(link(['001 q-1', '003 DLC'], [names], rules)).toEqual({ naturalId: 'q1' })
    expect(link(['001 q-1', '003 DLC'], [], rules)).toEqual({ naturalId: 'DLC' })
  })

  test.each([
    ['null codes', { id: 'x', codes: null }],
    ['a null code', { id: 'x', codes: [null, 'y'] }],
    ['a code twice', { id: 'x', codes: ['y', 'y'] }],
    ['codes without an id', { codes: ['y'] }]
  ])('a file with %s fails every record that has a prefix, and only those', (_what, file) => {
    expect(() => link(['001 n1'], [names, file])).toThrow(MappingError)
    expect(link(['001 1'], [names, file])).toEqual({ naturalId: '1' })
  })

  test('a record that maps to nothing throws where source files are known', () => {
    expect(() => link(['100 1# $a A'], [names], { 100: [{ target: 'personalName' }] })).toThrow(MappingError)
  })
})

describe('repairs of an instance', () => {
  const ISBN = '8261054f-be78-422d-bd51-4ed9f33c3422'
  const identifierTypes = [{ id: ISBN, name: 'ISBN' }]
  const isbn = { rules: [{ conditions: [{ type: 'set_identifier_type_id_by_name', parameter: { name: 'ISBN' } }] }] }
  const instance = (fields: string[], rules: unknown) =>
    mapOne(fields, rules, { mapper: 'instance', params: { identifierTypes } })

  test('type ids glued together are taken apart with the words of the value, new ones at the end', () => {
    const rules = {
      '020': [{ entity: [{ ...to('identifiers.identifierTypeId', 'a'), ...isbn }, to('identifiers.value', 'a')] }]
    }
    expect(instance(['020 ## $a 1 $a 2 (pbk) $a 3 x', '020 ## $a 4'], rules)).toEqual({
      source: 'MARC',
      identifiers: [
        { value: '1', identifierTypeId: ISBN },
        { value: '4', identifierTypeId: ISBN },
        { value: '2', identifierTypeId: ISBN },
        { value: '(pbk) 3 x', identifierTypeId: ISBN }
      ]
    })
  })

  test('glued ids without any value throw', () => {
    const rules = {
      '020': [{ entity: [{ ...to('identifiers.identifierTypeId', 'a'), ...isbn }, to('identifiers.value', 'z')] }]
    }
    expect(() => instance(['020 ## $a 1 $a 2'], rules)).toThrow(MappingError)
  })

  test('languages are named once, links without address and titles without title are dropped', () => {
    const rules = {
      '041': [to('languages', 'a')],
      856: [{ entity: [to('electronicAccess.linkText', 'y'), to('electronicAccess.uri', 'u')] }],
      780: [
        {
          entity: [to('precedingTitles.title', 't'), to('precedingTitles.isbnId', 'i'), to('precedingTitles.isbnValue', 'z')]
        }
      ]
    }
    const fields = ['041 ## $a eng', '041 ## $a fre', '041 ## $a eng', '856 40 $y x', '856 40 $u http://y', '780 00 $z 1']
    expect(instance([...fields, '780 00 $t T $i I $z 1', '780 00 $t U $z 2', '780 00 $t V $i I'], rules)).toEqual({
      source: 'MARC',
      languages: ['eng', 'fre'],
      electronicAccess: [{ uri: 'http://y' }],
      precedingTitles: [
        { title: 'T', identifiers: [{ value: '1', identifierTypeId: 'I' }] },
        { title: 'U', isbnValue: '2', identifiers: [] },
        { title: 'V', identifiers: [] }
      ]
    })
  })
})
