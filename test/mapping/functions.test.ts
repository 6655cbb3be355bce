import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { bindFunction } from '../../libs/mapping/src/functions/bind-function.ts'
import { foldCase, isBlank, javaTrim, numericValue } from '../../libs/mapping/src/functions/java-text.ts'
import { LOOK_UP_FAILED, lookUp, referenceLists } from '../../libs/mapping/src/functions/reference-lists.ts'
import type { FieldBuffer } from '../../libs/mapping/src/record/record-buffer.ts'

const STUB = 'fe19bae4-da28-472b-be90-d442e2428ead'

/** A field given as `1# $a x $b y`. */
function field(text: string): FieldBuffer {
  const parts = text
    .slice(3)
    .split(/ ?\$(?=[A-Za-z0-9] )/)
    .slice(1)
  const unit = (at: number) => text.charAt(at).replace('#', ' ').charCodeAt(0)
  return {
    tag: '100',
    ind1: unit(0),
    ind2: unit(1),
    size: parts.length,
    codes: parts.map((part) => part.charCodeAt(0)),
    values: parts.map((part) => part.slice(2))
  }
}

function call(
  name: string,
  text: string | null,
  options: { parameter?: object; lists?: object; at?: string } = {}
): string | null {
  const { parameter, lists = {}, at } = options
  const apply = bindFunction(
    name,
    (parameter ?? null) as Record<string, unknown> | null,
    referenceLists(lists as Record<string, unknown>)
  )
  return apply(text, { leader: '', field: at === undefined ? null : field(at) })
}

describe('functions on texts', () => {
  test.each([
    ['trim', ' \tA\u00a0 ', 'A\u00a0'],
    ['trim_period', 'A..', 'A.'],
    ['remove_ending_punc', 'A: ', 'A:'],
    ['remove_ending_punc', 'A=', 'A'],
    ['trim_punctuation', ' Doe, John Q. ', 'Doe, John Q.'],
    ['trim_punctuation', 'Doe, John Q,.', 'Doe, John Q.'],
    ['trim_punctuation', 'Doe, John,', 'Doe, John'],
    ['trim_punctuation', 'Doe, John, 1900-', 'Doe, John, 1900-'],
    ['capitalize', 'ßa', 'ßa'],
    ['capitalize', 'ǆa', 'ǅa'],
    ['capitalize', 'éa', 'Éa'],
    ['capitalize', 'აა', 'აა'],
    ['set_deleted', '01234dz', 'true'],
    ['set_deleted', '01234', '01234'],
    ['char_select', 'abc', 'abc'],
    ['no_such_function', 'abc', 'abc']
  ])('%s of "%s"', (name, text, expected) => {
    expect(call(name, text)).toBe(expected)
  })

  test('char_select needs one character more than it takes', () => {
    expect(call('char_select', 'abcd', { parameter: { from: 1, to: 3 } })).toBe('bc')
    expect(call('char_select', 'abc', { parameter: { from: 1, to: 3 } })).toBe('')
    expect(call('char_select', 'abcd', { parameter: { from: 3, to: 1 } })).toBe('abcd')
  })

  test('a prefix is removed wherever it stands', () => {
    expect(call('remove_prefix_by_indicator', 'The The cat', { at: '14' })).toBe('cat')
    expect(call('remove_prefix_by_indicator', 'The cat', { at: '1#' })).toBe('The cat')
    expect(call('remove_prefix_by_indicator', 'The cat')).toBe('The cat')
  })

  test('subfields are joined up to the next of the same code or one that stops', () => {
    const parameter = { subfieldsToConcat: ['q', 'c'], subfieldsToStopConcat: ['z'] }
    expect(call('concat_subfields_by_name', '1', { parameter, at: '## $a 1 $c C $q Q $z 9 $q X' })).toBe('1 Q C')
    expect(call('concat_subfields_by_name', '2', { parameter, at: '## $a 1 $c C $a 2 $q Q' })).toBe('2 Q')
  })
})

describe('look-ups', () => {
  const types = [
    { id: 'i1', name: ' ISBN ', code: 'a' },
    { id: 'i2', name: 'OCLC', code: 'b' }
  ]

  test('names are found without regard to case, the stub stands for what is not', () => {
    const find = (name: string, lists: object) => call('set_identifier_type_id_by_name', 'x', { parameter: { name }, lists })
    expect(find('isbn', { identifierTypes: types })).toBe('i1')
    expect(find('issn', { identifierTypes: types })).toBe(STUB)
    expect(find('isbn', { identifierTypes: null })).toBe(STUB)
    expect(find('isbn', { identifierTypes: [{ id: 'x' }, ...types] })).toBe('x')
    expect(call('set_identifier_type_id_by_name', 'x', { lists: { identifierTypes: types } })).toBe('x')
  })

  test('the type of a number by its form', () => {
    const parameter = { names: ['ISBN', 'OCLC'], oclc_regex: '(\\(OCoLC\\)|ocm).*' }
    const plain = [
      { id: 'i1', name: 'ISBN' },
      { id: 'i2', name: 'OCLC' }
    ]
    const find = (text: string) =>
      call('set_identifier_type_id_by_value', text, { parameter, lists: { identifierTypes: plain } })
    expect(find('(OCoLC)12')).toBe('i2')
    expect(find('x(OCoLC)12')).toBe('i1')
  })

  test('a role by its code, then by its name with or without punctuation', () => {
    const contributorTypes = [
      { id: 'r1', name: 'Author', code: 'aut' },
      { id: 'r2', name: 'Ed.', code: 'edt' }
    ]
    const parameter = { contributorCodeSubfield: '4', contributorNameSubfield: 'e' }
    const find = (at: string) =>
      call('set_contributor_type_id_by_code_or_name', 'x', { parameter, lists: { contributorTypes }, at })
    expect(find('1# $e author, $4 edt')).toBe('r2')
    expect(find('1# $e AUTHOR,')).toBe('r1')
    expect(find('1# $e ed,')).toBe('')
    expect(find('1# $e ed')).toBe('r2')
    expect(find('1# $4 AUT')).toBe('')
  })

  test('the last piece of a term with its code', () => {
    const lists = {
      instanceTypes: [
        { id: 't1', name: 'text', code: 'txt' },
        { id: 't0', name: 'unspecified', code: 'zzz' }
      ]
    }
    const find = (text: string) =>
      call('set_instance_type_id', text, { parameter: { unspecifiedInstanceTypeCode: 'zzz' }, lists, at: '##' })
    expect(find('other~TXT')).toBe('t1')
    expect(find('text~other~')).toBe('t0')
    expect(find('~~')).toBe('~~')
  })

  test('the first of equal keys is found as a search from the front would find it', () => {
    const name = fc.string({ unit: fc.constantFrom('a', 'A', 'é', 'É', 'İ', 'i', 'ı', 'ß', 'Σ', 'ς', 'ǆ'), maxLength: 2 })
    const entry = fc.record({ id: fc.uuid(), name: fc.oneof(name, fc.constant(null)) })
    fc.assert(
      fc.property(fc.array(entry, { maxLength: 8 }), name, (list, key) => {
        const equal = (a: string, b: string) =>
          a.length === b.length && [...a].every((unit, i) => equalUnits(unit, b.charAt(i)))
        const first = list.find((one) => one.name === null || equal(one.name, key))
        const expected = first === undefined ? undefined : first.name === null ? LOOK_UP_FAILED : first.id
        const found = lookUp(list, { property: 'name' }).find(key)
        expect(typeof found === 'object' ? found.id : found).toBe(expected)
      })
    )
  })
})

/** The rule of Java's `equalsIgnoreCase` for one unit, with the units of this test. */
function equalUnits(a: string, b: string): boolean {
  const upper = (unit: string) => (unit.toUpperCase().length === 1 ? unit.toUpperCase() : unit)
  const lower = (unit: string) => (unit === 'İ' ? 'i' : unit.toLowerCase())
  return a === b || upper(a) === upper(b) || lower(upper(a)) === lower(upper(b))
}

describe("Java's rules for text", () => {
  test.each([
    ['7', 7],
    ['a', 10],
    ['Z', 35],
    ['٣', 3],
    ['Ⅳ', 4],
    ['Ⅼ', 50],
    ['²', 2],
    ['⑳', 20],
    ['Ａ', 10],
    [' ', -1],
    ['½', -1],
    ['一', -1]
  ])('the numeric value of %s', (character, value) => {
    expect(numericValue(character.charCodeAt(0))).toBe(value)
  })

  test('white space ends at U+0020 for trimming and spares no-break spaces for blankness', () => {
    expect(javaTrim('\u0001 a\u3000')).toBe('a\u3000')
    expect([isBlank(' \u2003\u3000\u001c'), isBlank('\u00a0'), isBlank('\u2007')]).toEqual([true, false, false])
  })

  test('a fold never changes the length and is stable', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(foldCase(text)).toHaveLength(text.length)
        expect(foldCase(foldCase(text))).toBe(foldCase(text))
      })
    )
  })
})
