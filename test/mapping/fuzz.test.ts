import { MigrationError } from '@marc-migrations/domain'
import type { SourceRow } from '@marc-migrations/domain'
import { MappingError, compileMapping } from '@marc-migrations/mapping'
import type { CompiledMapping, Mapper } from '@marc-migrations/mapping'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

const functionNames = [
  ...['trim', 'trim_period', 'trim_punctuation', 'capitalize', 'char_select', 'remove_substring', 'remove_ending_punc'],
  ...['remove_prefix_by_indicator', 'concat_subfields_by_name', 'set_publisher_role', 'set_deleted', 'set_date_type_id'],
  ...['set_issuance_mode_id', 'set_instance_type_id', 'set_instance_format_id', 'set_identifier_type_id_by_name'],
  ...[
    'set_identifier_type_id_by_value',
    'set_note_type_id',
    'set_contributor_type_id_by_code_or_name',
    'set_subject_source_id'
  ],
  ...['set_electronic_access_relations_id', 'set_call_number_type_id', 'set_permanent_location_id', 'set_holdings_type_id'],
  ...['set_authority_identifier_type_id_by_code', 'set_contributor_type_text', 'set_heading_type_by_name', 'custom']
]
const ruleKeys = [
  ...[
    'target',
    'subfield',
    'rules',
    'conditions',
    'type',
    'parameter',
    'value',
    'LDR',
    'entity',
    'entityPerRepeatedSubfield'
  ],
  ...[
    'applyRulesOnConcatenatedData',
    'requiredSubfield',
    'exclusiveSubfield',
    'subFieldDelimiter',
    'subfields',
    'subFieldSplit'
  ],
  ...['ignoreSubsequentSubfields', 'alternativeMapping', 'indicators', 'ind1', 'ind2', 'ignoreSubsequentFields'],
  ...['keepTrailingBackslash', 'fieldReplacementBy3Digits', 'fieldReplacementRule', 'sourceDigits', 'targetField'],
  ...[
    'createSingleObject',
    'from',
    'to',
    'name',
    'names',
    'code',
    'substring',
    'oclc_regex',
    'subfieldsToConcat',
    '__proto__'
  ]
]
const ruleTexts = [
  ...functionNames,
  ...[
    'personalName',
    'identifiers.value',
    'sftPersonalName',
    'notes.note',
    'title',
    'dates.date1',
    'version',
    'tags.tagList'
  ],
  ...[
    'precedingTitles.identifiers.value',
    'identifiers.',
    '.',
    '',
    'a',
    'b',
    'ab',
    '*',
    ' ',
    '1',
    '3',
    'split_every',
    '(',
    '.*',
    'trim,custom'
  ]
]
const paramKeys = [
  'identifierTypes',
  'authorityIdentifierTypes',
  'authoritySourceFiles',
  'instanceTypes',
  'contributorTypes',
  'issuanceModes',
  'id',
  'name',
  'code',
  'codes'
]
const marcKeys = [
  'leader',
  'fields',
  'subfields',
  'ind1',
  'ind2',
  '001',
  '008',
  '010',
  '100',
  '880',
  '10a',
  'a',
  'b',
  '6',
  '',
  '@'
]
const marcTexts = ['01234nz  a2200289n  4500', 'A', '', '100-01', '|', '\\', '"', 'é', '\u2044', '\u0000', 'n 12']

/** A tree of the given keys and texts: what a careless editor, a broken export or an enemy may write. */
function wild(keys: readonly string[], texts: readonly string[]): fc.Arbitrary<unknown> {
  const scalar = fc.oneof(
    { weight: 6, arbitrary: fc.constantFrom<unknown>(...texts) },
    { weight: 2, arbitrary: fc.constantFrom<unknown>(null, true, false, 0, 1, -1, 3.5, 1e400) }
  )
  return fc.letrec((tie) => ({
    tree: fc.oneof(
      { maxDepth: 7, withCrossShrink: true },
      scalar,
      fc.array(tie('tree'), { maxLength: 4 }),
      fc
        .array(fc.tuple(fc.constantFrom(...keys), tie('tree')), { maxLength: 5 })
        .map((members) => Object.fromEntries(members) as unknown)
    )
  })).tree
}

const entry = fc
  .array(fc.tuple(fc.constantFrom(...ruleKeys), wild(ruleKeys, ruleTexts)), { maxLength: 7 })
  .map((members) => ({ target: 'title', subfield: ['a'], ...(Object.fromEntries(members) as object) }))
const entries = fc.oneof(
  { weight: 8, arbitrary: fc.array(entry, { maxLength: 3 }) },
  { weight: 1, arbitrary: wild(ruleKeys, ruleTexts) }
)
const rules = fc.record(
  { LDR: entries, '001': entries, '100': entries, '880': entries, '010': entries },
  { requiredKeys: [] }
)
const params = fc
  .array(
    fc.tuple(
      fc.constantFrom(...paramKeys),
      fc.oneof(fc.array(wild(paramKeys, ruleTexts), { maxLength: 3 }), fc.constant(null))
    ),
    { maxLength: 3 }
  )
  .map((members) => Object.fromEntries(members) as object)

const field = fc
  .tuple(
    fc.constantFrom('100', '880', '010', '001'),
    fc.array(fc.tuple(fc.constantFrom('a', 'b', '6'), fc.constantFrom(...marcTexts)), { maxLength: 4 }),
    fc.constantFrom(...marcTexts)
  )
  .map(([tag, subfields, indicator]) => ({
    [tag]:
      tag === '001'
        ? indicator
        : { ind1: indicator.charAt(0), ind2: ' ', subfields: subfields.map(([code, value]) => ({ [code]: value })) }
  }))
const decent = fc.array(field, { maxLength: 5 }).map((fields) => JSON.stringify({ leader: marcTexts[0], fields }))
const marc = fc.oneof(
  { weight: 4, arbitrary: decent },
  { weight: 2, arbitrary: wild(marcKeys, marcTexts).map((tree) => JSON.stringify(tree)) },
  { weight: 1, arbitrary: fc.tuple(decent, fc.nat()).map(([text, at]) => text.slice(0, at % (text.length + 1))) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary' }) }
)

function compile(mapper: Mapper, someRules: unknown, someParams: unknown): CompiledMapping | null {
  try {
    const entityType = mapper === 'instance' ? 'instance' : 'authority'
    return compileMapping({ entityType, mapper, rules: JSON.stringify(someRules), params: JSON.stringify(someParams) })
  } catch (error) {
    expect(error).toBeInstanceOf(MigrationError)
    expect((error as MigrationError).code).toBe('RULES_INVALID')
    return null
  }
}

function outcome(mapping: CompiledMapping, text: string): unknown {
  try {
    return mapping.mapBare(text)
  } catch (error) {
    expect(error).toBeInstanceOf(MappingError)
    return 'throws'
  }
}

const row = (text: string): SourceRow => ({ marcId: 'm', recordId: 'r', marc: text, state: 'ACTUAL', version: 1 })

describe('whatever rules, reference data and records say', () => {
  test('only the documented ways to fail are taken, and one record never changes the next', () => {
    let [compiled, mapped] = [0, 0]
    fc.assert(
      fc.property(
        fc.constantFrom<Mapper>('authority', 'authority-extended', 'instance'),
        rules,
        params,
        fc.array(marc, { minLength: 1, maxLength: 5 }),
        (mapper, someRules, someParams, texts) => {
          const shared = compile(mapper, someRules, someParams)
          if (shared === null) return
          compiled++
          for (const text of texts) {
            const result = shared.remapRow(row(text))
            const alone = compile(mapper, someRules, someParams)
            if (alone === null) throw new Error('the same rules compile one time and not the next')
            expect(result).toEqual(alone.remapRow(row(text)))
            expect(outcome(shared, text)).toEqual(outcome(alone, text))
            if (result.ok) {
              mapped++
              expect(JSON.parse(result.line)).toMatchObject({ id: 'r', _version: 1, source: 'MARC' })
              expect(result.line).not.toMatch(/[\r\n]/)
            } else {
              expect(JSON.parse(result.rejectedLine)).toMatchObject({ recordId: 'r' })
              expect(result.reasonLine).toMatch(/^r,[^\r\n]+$/)
            }
          }
        }
      ),
      { numRuns: 2000 }
    )
    expect(compiled).toBeGreaterThan(500)
    expect(mapped).toBeGreaterThan(500)
  }, 120_000)
})
