import { compileMapping } from '@marc-migrations/mapping'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { NaiveEntry, NaiveItem, NaiveRule, NaiveRules, PlainRecord } from './naive-mapper.ts'
import { naiveMap } from './naive-mapper.ts'

const TAGS = ['100', '400', '880']
const CODES = ['a', 'b', 'c', '6']

const text = fc.string({ unit: fc.constantFrom('A', 'b', '1', ' ', '.', ',', '|', '\\', '"', 'é', '😀', '-'), maxLength: 7 })
const codes = fc.uniqueArray(fc.constantFrom(...CODES, 'x', 'ab'), { maxLength: 4 })

const record: fc.Arbitrary<PlainRecord> = fc.record({
  leader: fc.constantFrom('01234nam a2200289 a 4500', '00999dz  a2200205n  4500'),
  controls: fc.array(fc.tuple(fc.constantFrom('001', '003', '008'), text), { maxLength: 3 }),
  fields: fc.array(
    fc.record({
      tag: fc.constantFrom(...TAGS, '670'),
      ind1: fc.constantFrom(' ', '0', '1'),
      ind2: fc.constantFrom(' ', '0', '1'),
      subfields: fc.array(fc.tuple(fc.constantFrom(...CODES), fc.oneof(text, fc.constantFrom('100-01', '400', 'true'))), {
        maxLength: 5
      })
    }),
    { maxLength: 5 }
  )
})

const target = fc.constantFrom(
  ...['title', 'hrid', 'version', 'staffSuppress', 'languages', 'editions', 'identifiers.value'],
  ...['identifiers.identifierTypeId', 'series.value', 'notes.note', 'notes.staffOnly', 'precedingTitles.title'],
  ...['nosuch', 'identifiers', 'identifiers.nosuch', 'dates.date1', '']
)

const type = fc.constantFrom(
  ...['trim', 'trim_period', 'capitalize', 'remove_ending_punc', 'trim, capitalize', ' TRIM_PERIOD ,trim', 'nosuch'],
  ...['set_deleted', 'trim_punctuation', 'char_select', 'set_heading_type_by_name', 'remove_prefix_by_indicator'],
  ...['concat_subfields_by_name', 'set_note_staff_only_via_indicator', 'set_publisher_role']
)
const parameter = fc.constantFrom<Record<string, unknown>>(
  { from: 0, to: 1 },
  { name: 'N' },
  { subfieldsToConcat: ['b', 'c'], subfieldsToStopConcat: ['6'] },
  {}
)

/** Present in the given number of cases out of a hundred. */
function sometimes<T>(value: fc.Arbitrary<T>, weight = 30): fc.Arbitrary<T | undefined> {
  return fc.oneof({ weight, arbitrary: value }, { weight: 100 - weight, arbitrary: fc.constant(undefined) })
}

function compact<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as {
    [K in keyof T]: Exclude<T[K], undefined>
  }
}

const condition = fc
  .record({
    type: sometimes(type, 99),
    parameter: sometimes(parameter, 70),
    value: sometimes(fc.constantFrom('A', '', 'true', 'N')),
    LDR: sometimes(fc.boolean(), 10)
  })
  .map(compact)
const rule: fc.Arbitrary<NaiveRule> = fc
  .record({
    conditions: sometimes(fc.array(condition, { maxLength: 2 }), 99),
    value: sometimes(fc.constantFrom('K', 'true', ''))
  })
  .map(compact)

const delimiter = fc.record({
  value: fc.constantFrom('--', ' ; ', '~'),
  subfields: fc.uniqueArray(fc.constantFrom('a', 'b', 'c'), { maxLength: 2 })
})

const flags = {
  applyRulesOnConcatenatedData: sometimes(fc.boolean()),
  requiredSubfield: sometimes(codes, 10),
  exclusiveSubfield: sometimes(codes, 10),
  ignoreSubsequentSubfields: sometimes(fc.boolean(), 20),
  subFieldDelimiter: sometimes(fc.array(delimiter, { minLength: 1, maxLength: 3 }), 20),
  subFieldSplit: sometimes(fc.constantFrom({ type: 'split_every', value: '2' }, { type: 'x', value: '2' }), 5)
}
const basis = {
  target: sometimes(target, 99),
  subfield: sometimes(codes, 99),
  rules: sometimes(fc.array(rule, { maxLength: 3 }), 60)
}

const item: fc.Arbitrary<NaiveItem> = fc
  .record({ ...basis, ...flags, alternativeMapping: sometimes(fc.record(basis).map(compact), 20) })
  .map(compact)

const entry: fc.Arbitrary<NaiveEntry> = fc
  .record({
    item,
    entity: sometimes(fc.array(item, { minLength: 1, maxLength: 4 }), 40),
    entityPerRepeatedSubfield: sometimes(fc.boolean()),
    keepTrailingBackslash: sometimes(fc.boolean(), 20),
    indicators: sometimes(fc.record({ ind1: fc.constantFrom('*', '1', ' '), ind2: fc.constantFrom('*', '0') }), 20),
    ignoreSubsequentFields: sometimes(fc.boolean(), 10)
  })
  .map(({ item: own, ...rest }) => compact({ ...(rest.entity === undefined ? own : {}), ...rest }) as NaiveEntry)

const controlEntry: fc.Arbitrary<NaiveEntry> = fc
  .record({ ...basis, createSingleObject: sometimes(fc.boolean(), 20) })
  .map(compact)

const replacement: NaiveEntry = {
  target: '',
  subfield: ['6'],
  fieldReplacementBy3Digits: true,
  fieldReplacementRule: [{ sourceDigits: '100', targetField: '400' }]
}

const rules: fc.Arbitrary<NaiveRules> = fc.record({
  '001': fc.array(controlEntry, { maxLength: 2 }),
  '008': fc.array(controlEntry, { maxLength: 3 }),
  '100': fc.array(entry, { maxLength: 4 }),
  '400': fc.array(entry, { maxLength: 4 }),
  '880': fc.constantFrom([replacement], [replacement], [])
})

function marcJson({ leader, controls, fields }: PlainRecord): string {
  return JSON.stringify({
    leader,
    fields: [
      ...controls.map(([tag, value]) => ({ [tag]: value })),
      ...fields.map(({ tag, ind1, ind2, subfields }) => ({
        [tag]: { ind1, ind2, subfields: subfields.map(([code, value]) => ({ [code]: value })) }
      }))
    ]
  })
}

/** Lists that nothing was written to are no difference; the repairs of instances are taken back or done alike. */
function written(entity: unknown): unknown {
  if (entity === null) return null
  const { source: _source, ...rest } = entity as Record<string, unknown>
  return Object.fromEntries(
    Object.entries(rest).filter(([, value]) => value !== undefined && !(Array.isArray(value) && value.length === 0))
  )
}

function repaired(entity: Record<string, unknown> | null): unknown {
  if (entity === null) return null
  const languages = entity['languages'] as string[] | undefined
  const titles = (entity['precedingTitles'] as { title?: string }[] | undefined)?.filter(({ title }) => Boolean(title))
  return written({
    ...entity,
    ...(languages !== undefined && { languages: [...new Set(languages)] }),
    ...(titles !== undefined && { precedingTitles: titles.map((title) => ({ ...title, identifiers: [] })) })
  })
}

describe('the compiled engine against the description read plainly', () => {
  test('any rules make the same of any record', () => {
    fc.assert(
      fc.property(rules, fc.array(record, { minLength: 1, maxLength: 4 }), (someRules, records) => {
        const mapping = compileMapping({ entityType: 'instance', rules: JSON.stringify(someRules), params: '{}' })
        for (const one of records) {
          expect(written(mapping.mapBare(marcJson(one)))).toEqual(repaired(naiveMap(one, someRules)))
        }
      }),
      { numRuns: 3000 }
    )
  }, 120_000)

  test('what explains a mapping comes to the same entity', () => {
    fc.assert(
      fc.property(rules, record, (someRules, one) => {
        const mapping = compileMapping({ entityType: 'instance', rules: JSON.stringify(someRules), params: '{}' })
        const marc = marcJson(one)
        const explanation = mapping.explain(marc)
        expect(explanation.entity ?? null).toEqual(mapping.mapBare(marc))
        expect(explanation.outcome).toBe(mapping.mapBare(marc) === null ? 'nothing' : 'mapped')
      }),
      { numRuns: 500 }
    )
  }, 120_000)
})
