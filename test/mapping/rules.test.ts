import { MigrationError } from '@marc-migrations/domain'
import { compileMapping } from '@marc-migrations/mapping'
import { describe, expect, test } from 'vitest'
import { mapOne, marcOf } from './map-one.ts'

const to = (target: string, codes: string, more: object = {}) => ({ target, subfield: [...codes], rules: [], ...more })
const run = (type: string, more: object = {}) => ({ rules: [{ conditions: [{ type, ...more }] }] })
const constant = (value: string) => ({ rules: [{ conditions: [], value }] })

type Row = readonly [behaviour: string, fields: string[], rules: unknown, expected: unknown]

describe('what one field makes', () => {
  const rows: readonly Row[] = [
    [
      'subfields join in record order',
      ['100 1# $d 1900 $a A,'],
      { 100: [to('personalName', 'ad')] },
      { personalName: '1900 A,' }
    ],
    [
      'the last text wins a plain property',
      ['100 1# $a A', '100 1# $a B'],
      { 100: [to('personalName', 'a')] },
      { personalName: 'B' }
    ],
    [
      'a list keeps every text',
      ['400 1# $a A', '400 1# $a A'],
      { 400: [to('sftPersonalName', 'a')] },
      { sftPersonalName: ['A', 'A'] }
    ],
    [
      'pipes become blanks, one backslash at the end goes',
      ['100 1# $a A|B\\ $b c\\\\'],
      { 100: [to('personalName', 'ab')] },
      { personalName: 'A B c\\' }
    ],
    [
      'joined text is escaped once, so a backslash inside stays',
      ['100 1# $a A\\ $b B\\'],
      { 100: [to('personalName', 'ab', { applyRulesOnConcatenatedData: true })] },
      { personalName: 'A\\ B' }
    ],
    [
      'keepTrailingBackslash keeps it',
      ['010 ## $a n 1\\'],
      { '010': [to('naturalId', 'a', { keepTrailingBackslash: true })] },
      { naturalId: 'n 1\\' }
    ],
    [
      'a required subfield that is missing stops the entry',
      ['100 1# $a A'],
      { 100: [to('personalName', 'a', { requiredSubfield: ['t'] })] },
      {}
    ],
    [
      'an exclusive subfield stops the entry',
      ['100 1# $a A $t T'],
      { 100: [to('personalName', 'a', { exclusiveSubfield: ['t'] })] },
      {}
    ],
    [
      'plain entries of a field share an object',
      ['024 8# $a 1 $b t'],
      { '024': [to('identifiers.value', 'a'), to('identifiers.identifierTypeId', 'b')] },
      { identifiers: [{ value: '1', identifierTypeId: 't' }] }
    ],
    [
      'each entity makes its own object',
      ['024 8# $a 1 $b 2'],
      { '024': [{ entity: [to('identifiers.value', 'a')] }, { entity: [to('identifiers.value', 'b')] }] },
      { identifiers: [{ value: '1' }, { value: '2' }] }
    ],
    [
      'a plain write before an object write loses the object',
      ['100 1# $a A'],
      { 100: [to('personalName', 'a'), to('notes.note', 'a')] },
      { personalName: 'A' }
    ],
    [
      'one object per subfield, aligned by place',
      ['035 ## $a 1 $z 2'],
      {
        '035': [
          {
            entityPerRepeatedSubfield: true,
            entity: [to('identifiers.identifierTypeId', 'az', constant('T')), to('identifiers.value', 'az')]
          }
        ]
      },
      {
        identifiers: [
          { value: '1', identifierTypeId: 'T' },
          { value: '2', identifierTypeId: 'T' }
        ]
      }
    ],
    [
      'one object per subfield with joined rules runs no rules',
      ['010 ## $a  1|2 '],
      {
        '010': [
          {
            entityPerRepeatedSubfield: true,
            entity: [to('identifiers.value', 'a', { ...run('trim'), applyRulesOnConcatenatedData: true })]
          }
        ]
      },
      { identifiers: [{ value: ' 1|2 ' }] }
    ],
    [
      'groups of a delimiter list, joined by the element without codes',
      ['150 ## $x X $a A $y Y $b B'],
      {
        150: [
          to('topicalTerm', 'abxy', {
            subFieldDelimiter: [
              { value: ' ', subfields: ['a', 'b'] },
              { value: '--', subfields: ['x', 'y'] },
              { value: '==', subfields: [] }
            ]
          })
        ]
      },
      { topicalTerm: 'A B==X--Y' }
    ],
    [
      'without such an element groups are joined by the word null',
      ['150 ## $x X $a A'],
      {
        150: [
          to('topicalTerm', 'ax', {
            subFieldDelimiter: [
              { value: ' ', subfields: ['a'] },
              { value: ' ', subfields: ['x'] }
            ]
          })
        ]
      },
      { topicalTerm: 'AnullX' }
    ],
    [
      'the alternative runs where the rules left nothing',
      ['150 ## $a   $b B'],
      { 150: [to('topicalTerm', 'a', { ...run('trim'), alternativeMapping: to('genreTerm', 'b') })] },
      { genreTerm: 'B' }
    ],
    [
      'the alternative may take what the item itself has used',
      ['150 ## $a 1 $a 2'],
      {
        150: [
          to('topicalTerm', 'a', {
            ...run('set_contributor_type_id'),
            ignoreSubsequentSubfields: true,
            alternativeMapping: to('genreTerm', 'a', { ignoreSubsequentSubfields: true })
          })
        ]
      },
      { genreTerm: '1' }
    ],
    [
      'the first of each code only',
      ['150 ## $a 1 $a 2 $b 3'],
      { 150: [to('topicalTerm', 'ab', { ignoreSubsequentSubfields: true })] },
      { topicalTerm: '1 3' }
    ],
    [
      'the first field of a tag only',
      ['400 ## $a 1', '400 ## $a 2'],
      { 400: [to('sftPersonalName', 'a', { ignoreSubsequentFields: true })] },
      { sftPersonalName: ['1'] }
    ],
    [
      'an equal first indicator alone blocks the entry without indicators',
      ['400 13 $a A', '400 23 $a B'],
      { 400: [to('sftPersonalName', 'a', { indicators: { ind1: '1', ind2: '2' } }), to('sftCorporateName', 'a')] },
      { sftCorporateName: ['B'] }
    ],
    [
      'a field in another script is mapped as the field it belongs to',
      ['880 ## $6 100-01 $a A', '880 ## $6 41 $a B'],
      {
        880: [
          {
            target: '',
            subfield: ['6'],
            fieldReplacementBy3Digits: true,
            fieldReplacementRule: [{ sourceDigits: '100', targetField: '400' }]
          }
        ],
        400: [to('sftPersonalName', 'a')]
      },
      { sftPersonalName: ['A'] }
    ],
    [
      'cut subfields stay cut for later entries',
      ['041 ## $a engfre'],
      { '041': [to('sftGenreTerm', 'a', { subFieldSplit: { type: 'split_every', value: '3' } }), to('genreTerm', 'a')] },
      { sftGenreTerm: ['eng fre'], genreTerm: 'eng fre' }
    ],
    [
      '001 runs before every other control field',
      ['003 X', '001 1', '001 2'],
      { '001': [to('naturalId', '')], '003': [to('naturalId', '')] },
      { naturalId: 'X' }
    ],
    [
      'an unknown target of a data field is passed over',
      ['100 1# $a A'],
      { 100: [to('nosuch', 'a'), to('genreTerm', 'a')] },
      { genreTerm: 'A' }
    ],
    ['an entry without subfields fails the record', ['100 1# $a A'], { 100: [{ target: 'genreTerm' }] }, undefined],
    ['a text for a number fails the record', ['100 1# $a A'], { 100: [to('version', 'a')] }, undefined],
    [
      'a control field without rules and target fails the record',
      ['001 1'],
      { '001': [{ target: 'nosuch', subfield: [] }] },
      undefined
    ]
  ]
  test.each(rows)('%s', (_behaviour, fields, rules, expected) => {
    expect(mapOne(fields, rules)).toEqual(expected)
  })
})

describe('rules on a text', () => {
  const rows: readonly (readonly [behaviour: string, text: string, rules: unknown[], expected: string | undefined])[] = [
    ['one after the other', ' A. ', [{ conditions: [{ type: 'trim' }] }, { conditions: [{ type: 'trim_period' }] }], 'A'],
    ['functions of a condition in order', ' A. ', [{ conditions: [{ type: 'trim_period, trim' }] }], 'A.'],
    [
      'a constant ends the run',
      ' A',
      [
        { conditions: [{ type: 'trim', value: 'A' }], value: 'K' },
        { conditions: [], value: 'Z' }
      ],
      'K'
    ],
    [
      'a failed rule brings back the first text',
      ' a',
      [{ conditions: [{ type: 'trim' }] }, { conditions: [{ type: 'trim', value: 'b' }] }],
      ' a'
    ],
    ['an unknown function changes nothing', 'A', [{ conditions: [{ type: 'no_such' }] }], 'A'],
    [
      'a function may read the leader',
      'A',
      [{ conditions: [{ type: 'char_select', parameter: { from: 5, to: 7 }, LDR: true }] }],
      'nz'
    ],
    ['a rule without conditions fails the record', 'A', [{}], undefined],
    [
      'nothing compared with a value fails the record',
      'A',
      [{ conditions: [{ type: 'set_heading_type_by_name', parameter: {}, value: 'x' }] }],
      undefined
    ]
  ]
  test.each(rows)('%s', (_behaviour, text, rules, expected) => {
    const mapped = mapOne([`100 1# $a ${text}`], { 100: [{ target: 'personalName', subfield: ['a'], rules }] }) as
      { personalName?: string } | undefined
    expect(mapped?.personalName).toBe(expected)
  })
})

describe('extended authorities', () => {
  const rules = {
    151: [to('geographicName', 'ax')],
    551: [to('saftGeographicName', 'aix4')]
  }
  const extended = (fields: string[]) => mapOne(fields, rules, { mapper: 'authority-extended' })

  test('subdivisions are joined by dashes, relations and truncated headings are made', () => {
    expect(extended(['151 ## $a Here $x Now', '551 ## $w nng $i see $a There $x Then $4 r'])).toEqual({
      geographicName: 'Here--Now',
      saftBroaderTerm: [{ headingRef: 'There--Then', headingType: 'geographicNameTrunc' }],
      saftGeographicName: ['see There r--Then'],
      saftGeographicNameTrunc: ['There--Then']
    })
  })

  test('a heading without rules fails the record', () => {
    expect(extended(['450 ## $a x'])).toBeUndefined()
  })

  test('the same rules compiled for the plain mapper keep their spaces', () => {
    extended(['151 ## $a Here $x Now'])
    expect(mapOne(['151 ## $a Here $x Now'], rules)).toEqual({ geographicName: 'Here Now' })
  })
})

test.each(['authority', 'authority-extended', 'instance'] as const)(
  'a record leaves nothing of itself to the next: %s',
  (mapper) => {
    const entityType = mapper === 'instance' ? 'instance' : 'authority'
    const targets = ['context', 'id', 'saftBroaderTerm.headingRef', 'title', 'naturalId', 'languages', 'identifiers.value']
    const rules = { 500: targets.map((target) => ({ entity: [to(target, 'a')] })) }
    const mapping = compileMapping({ entityType, mapper, rules: JSON.stringify(rules), params: '{}' })
    const [nothing, something] = [marcOf([]), marcOf(['500 ## $a x', '500 ## $a y'])]
    const first = [mapping.mapBare(nothing), mapping.mapBare(something)]
    expect([mapping.mapBare(nothing), mapping.mapBare(something)]).toEqual(first)
    expect(mapping.mapBare(something)).toEqual(first[1])
  }
)

describe('rules that are refused', () => {
  const compile = (rules: string, params = '{}') => compileMapping({ entityType: 'authority', rules, params })
  const custom = { 100: [to('genreTerm', 'a', run('trim, custom', { value: 'DATA' }))] }
  const customSplit = { 100: [to('genreTerm', 'a', { subFieldSplit: { type: 'custom', value: 'DATA' } })] }
  const javaOnly = {
    100: [to('genreTerm', 'a', run('set_identifier_type_id_by_value', { parameter: { names: ['a'], oclc_regex: '(?i)x' } }))]
  }

  test.each([
    ['a text that is not JSON', '{'],
    ['a list', '[]'],
    ['a custom script', JSON.stringify(custom)],
    ['a custom script that cuts subfields', JSON.stringify(customSplit)],
    ['a pattern only Java understands', JSON.stringify(javaOnly)]
  ])('%s', (_what, rules) => {
    expect(() => compile(rules)).toThrow(MigrationError)
    expect(() => compile(rules)).toThrow(/^RULES_INVALID/)
  })

  test.each([['null'], [''], ['{"identifierTypes":{}}'], ['{"authoritySourceFiles":[1]}']])(
    'reference data %s',
    (params) => {
      const rules = { 100: [to('genreTerm', 'a', run('set_identifier_type_id_by_name', { parameter: { name: 'x' } }))] }
      expect(() => compile(JSON.stringify(rules), params)).toThrow(/^RULES_INVALID/)
    }
  )
})
