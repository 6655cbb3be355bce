import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { javaNumber } from '../../libs/mapping/src/record/java-number.ts'
import { parseJsonTree } from '../../libs/mapping/src/record/json-tree.ts'
import type { JsonTree } from '../../libs/mapping/src/record/json-tree.ts'
import { readOddRecord, readRecord } from '../../libs/mapping/src/record/read-record.ts'
import { RecordBuffer } from '../../libs/mapping/src/record/record-buffer.ts'
import { scanRecord } from '../../libs/mapping/src/record/scan-record.ts'
import { tagFilter } from '../../libs/mapping/src/record/tag-filter.ts'

const LEADER = '01234nz  a2200289n  4500'
const everyTag = tagFilter(() => true)

/** A buffer as lines: what it holds, nothing of how it is kept. */
function contents(record: RecordBuffer): string[] {
  const controls = record.controls.slice(0, record.controlCount).map(({ tag, value }) => `${tag} ${value}`)
  const fields = record.fields.slice(0, record.fieldCount).map(({ tag, ind1, ind2, size, codes, values }) => {
    const subfields = Array.from({ length: size }, (_, i) => `$${String.fromCharCode(codes[i] ?? 0)} ${values[i] ?? ''}`)
    return `${tag} ${ind1} ${ind2} ${subfields.join(' ')}`
  })
  return [`LDR ${record.leader}`, `001 ${record.controlNumber ?? '-'}`, ...controls, ...fields]
}

function read(marc: string): string[] | string {
  const record = new RecordBuffer()
  try {
    readRecord(marc, record, everyTag)
    return contents(record)
  } catch (error) {
    return error instanceof Error ? error.name : String(error)
  }
}

/** Reads one list of fields, written as JSON; shown without the leader and an absent 001. */
function readFields(fields: string): string[] | string {
  const result = read(`{"leader":"${LEADER}","fields":[${fields}]}`)
  return typeof result === 'string' ? result : result.filter((line) => line !== '001 -' && !line.startsWith('LDR'))
}

describe('records of odd shape are read as the reader of FOLIO reads them', () => {
  const rows: readonly (readonly [name: string, fields: string, expected: string[] | string])[] = [
    ['a text under a data tag is a control field', '{"245":"x"}', ['245 x']],
    ['an object under 001 is a data field', '{"001":{"subfields":[{"a":"x"}]}}', ['001 -1 -1 $a x']],
    ['a field without subfields', '{"100":{"ind1":"1","ind2":" "}}', ['100 49 32 ']],
    ['an empty indicator is blank', '{"100":{"ind1":"","subfields":[]}}', ['100 32 -1 ']],
    ['an indicator of two characters is its first', '{"100":{"ind1":"12"}}', ['100 49 -1 ']],
    [
      'a repeated key has its last value at the first place',
      '{"100":{"subfields":[{"a":"1","b":"2","a":"3"}]}}',
      ['100 -1 -1 $a 3 $b 2']
    ],
    [
      'of repeated subfields the last list counts',
      '{"100":{"subfields":[{"a":"x"}],"ind1":"1","subfields":[{"a":"y"}],"ind1":"2"}}',
      ['100 50 -1 $a y']
    ],
    ['digits as keys keep their place', '{"100":{"subfields":[{"b":"B","2":"two"}]}}', ['100 -1 -1 $b B $2 two']],
    ['two keys are two fields', '{"003":"x","100":{"subfields":[{"a":"A"}]}}', ['003 x', '100 -1 -1 $a A']],
    [
      'scalars become their text',
      '{"100":{"subfields":[{"a":null},{"b":true},{"c":1.10}]}}',
      ['100 -1 -1 $a null $b true $c 1.1']
    ],
    [
      'a code that is none is dropped',
      '{"100":{"subfields":[{"@":"x"},{"ab":"y"},{"é":"z"},{"c":"C"}]}}',
      ['100 -1 -1 $c C']
    ],
    ['texts in a list are control fields', '{"100":["x","y"]}', ['100 x', '100 y']],
    ['an object as subfield value gives its members', '{"100":{"subfields":[{"a":{"b":"x"}}]}}', ['100 -1 -1 $b x']],
    ['a list as subfield value repeats the code', '{"100":{"subfields":[{"a":["x","y"]}]}}', ['100 -1 -1 $a x $a y']],
    ['a list among subfields closes them', '{"100":{"subfields":[[{"a":"x"}],{"c":"C"}]}}', ['100 -1 -1 $a x']],
    ['a fraction slash becomes a slash', '{"100":{"subfields":[{"a":"1⁄2"}]}}', ['100 -1 -1 $a 1/2']],
    ['an escaped fraction slash too', '{"100":{"subfields":[{"a":"1\\u20442"}]}}', ['100 -1 -1 $a 1/2']],
    ['escapes are read', '{"100":{"subfields":[{"a":"\\"\\\\\\u00e9\\n"}]}}', ['100 -1 -1 $a "\\é\n']],
    ['the last 001 counts, before all others', '{"003":"b"},{"001":"1"},{"001":"2"}', ['001 2', '003 b']],
    ['null and texts between fields are nothing', 'null,"x",{},{"003":"b"}', ['003 b']],
    ['a tag with a small letter fails the record', '{"10a":{"subfields":[{"a":"x"}]}}', 'RecordFailed'],
    ['an empty key fails the record', '{"100":{"subfields":[{"":"x"}]}}', 'RecordFailed'],
    ['a list among fields closes them', '[{"003":"x"}],{"100":{"subfields":[{"a":"x"}]}}', 'RecordFailed'],
    ['a field inside a field fails the record', '{"100":{"200":{"ind1":"1"}}}', 'RecordFailed']
  ]
  test.each(rows)('%s', (_name, fields, expected) => {
    expect(readFields(fields)).toEqual(expected)
  })

  test.each([
    ['{}', ['LDR 00000nam a2200000 a 4500', '001 -']],
    ['{"leader":"12a45nz   xy1234Xn  4500EXTRA"}', ['LDR 00000nz   2200000n  4500', '001 -']],
    ['{"leader":{"a":"x"},"fields":null}', ['LDR 00000nam a2200000 a 4500', '001 -']],
    [`{"x":{"leader":"${LEADER}"}}`, [`LDR ${LEADER}`, '001 -']],
    ['{"fields":[{"003":"x"}],"fields":[{"005":"y"}]}', ['LDR 00000nam a2200000 a 4500', '001 -', '005 y']],
    [`{"leader":"x","leader":"${LEADER}"}`, [`LDR ${LEADER}`, '001 -']],
    ['{"leader":"short"}', 'RecordFailed'],
    ['{"leader":null}', 'RecordFailed'],
    ['{"fields":{"100":{"subfields":[{"a":"x"}]}}}', 'RecordFailed'],
    ['{"ind1":"x"}', 'RecordFailed'],
    ['[]', 'MappingError'],
    ['"text"', 'MappingError'],
    ['', 'MappingError'],
    ['{"a":1}}', 'MappingError'],
    ['{"a":01}', 'MappingError'],
    ['{"a":"\u0001"}', 'MappingError'],
    ['{"a":"\\x"}', 'MappingError']
  ])('%s', (marc, expected) => {
    expect(read(marc)).toEqual(expected)
  })

  test('a text nested beyond all measure is refused, not followed', () => {
    expect(read('{"a":'.repeat(100_000))).toBe('MappingError')
    expect(read(`{"a":${'['.repeat(100_000)}`)).toBe('MappingError')
  })
})

describe('numbers are spelled as Java spells them', () => {
  test.each([
    ['12345678901234567890', '12345678901234567890'],
    ['-0', '0'],
    ['-0.0', '-0.0'],
    ['1.10', '1.1'],
    ['1e2', '100.0'],
    ['0.001', '0.001'],
    ['0.00099', '9.9E-4'],
    ['9999999.5', '9999999.5'],
    ['10000000.0', '1.0E7'],
    ['-1.5E-10', '-1.5E-10'],
    ['1e999', 'Infinity']
  ])('%s', (literal, expected) => {
    expect(javaNumber(literal)).toBe(expected)
  })
})

function plain(tree: JsonTree): unknown {
  if (tree.kind === 'scalar') return tree.text
  if (tree.kind === 'array') return tree.items.map(plain)
  return new Map([...tree.members].map(([key, member]) => [key, plain(member)]))
}

function asTexts(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(asTexts)
  if (typeof value === 'object' && value !== null) {
    return new Map(Object.entries(value).map(([key, member]) => [key, asTexts(member)]))
  }
  return String(value)
}

test('the careful JSON reader agrees with JSON.parse wherever order and numbers are plain', () => {
  const value = fc
    .jsonValue({ maxDepth: 4 })
    .map(
      (some) =>
        JSON.parse(JSON.stringify(some, (_key, member: unknown) => (typeof member === 'number' ? 1 : member))) as unknown
    )
  fc.assert(
    fc.property(value, fc.constantFrom(undefined, 1, 2), (some, indent) => {
      expect(plain(parseJsonTree(JSON.stringify(some, null, indent)))).toEqual(asTexts(some))
    }),
    { numRuns: 1000 }
  )
})

describe('the scan reads exactly what the careful reader reads', () => {
  const key = fc.constantFrom(
    'leader',
    'fields',
    'subfields',
    'ind1',
    'ind2',
    '001',
    '100',
    '245',
    'LDR',
    'a',
    'b',
    '2',
    '@',
    '',
    'xyz'
  )
  const scalar = fc.oneof(
    fc.constantFrom<unknown>(LEADER, 'A', '', ' ', '1', 'a|b', 'x\\y', '"q"', 'é😀', '\u2044', '\u0007', null, true, 5, 1.5)
  )
  const { shape } = fc.letrec<{ shape: unknown }>((tie) => ({
    shape: fc.oneof(
      { maxDepth: 5 },
      scalar,
      fc.array(tie('shape'), { maxLength: 4 }),
      fc.array(fc.tuple(key, tie('shape')), { maxLength: 4 }).map((members) => Object.fromEntries(members) as unknown)
    )
  }))
  const subfield = fc.tuple(fc.constantFrom('a', 'b', '2', '@', '\\'), fc.string({ unit: 'binary', maxLength: 12 }))
  const commonField = fc.oneof(
    fc.tuple(fc.constantFrom('001', '003', '245'), fc.string({ maxLength: 10 })).map(([tag, value]) => ({ [tag]: value })),
    fc
      .record({
        tag: fc.constantFrom('100', '245', 'A1B', '999'),
        first: fc.constantFrom('1', ' ', 'é'),
        subfields: fc.array(subfield, { maxLength: 4 }),
        inFront: fc.boolean()
      })
      .map(({ tag, first, subfields, inFront }) => {
        const list = subfields.map(([code, value]) => ({ [code]: value }))
        const indicators = { ind1: first, ind2: ' ' }
        return { [tag]: inFront ? { ...indicators, subfields: list } : { subfields: list, ...indicators } }
      })
  )
  const common = fc
    .array(commonField, { maxLength: 6 })
    .chain((fields) => fc.constantFrom<unknown>({ leader: LEADER, fields }, { fields, leader: LEADER }, { fields }))
  const document = fc.oneof(
    common,
    fc.record({ leader: fc.constant(LEADER), fields: fc.array(shape, { maxLength: 4 }) }),
    shape
  )

  function outcome(marc: string, record: RecordBuffer, reader: typeof readOddRecord): string[] | string {
    try {
      reader(marc, record)
      return contents(record)
    } catch (error) {
      return error instanceof Error ? error.name : String(error)
    }
  }

  /** Gives whether the scan took the text; then both readers must have come to the same. */
  function agree(marc: string): boolean {
    const reused = new RecordBuffer()
    readOddRecord('{"fields":[{"001":"old"},{"100":{"ind1":"9","subfields":[{"z":"old"},{"z":"old"}]}}]}', reused)
    const isScanned = scanRecord(marc, new RecordBuffer(), everyTag)
    const read = outcome(marc, reused, (text, record) => readRecord(text, record, everyTag))
    expect(read).toEqual(outcome(marc, new RecordBuffer(), readOddRecord))
    if (isScanned && reused.plain) expect(marc).not.toMatch(/\\/)
    return isScanned
  }

  test('for any document in any spacing', () => {
    let scans = 0
    fc.assert(
      fc.property(document, fc.boolean(), (some, spaced) => {
        const compact = JSON.stringify(some)
        if (agree(spaced ? compact.replaceAll('":', '": ').replaceAll('},{', '}, {') : compact)) scans++
      }),
      { numRuns: 3000 }
    )
    expect(scans).toBeGreaterThan(500)
  }, 120_000)

  test('for any damage to a document', () => {
    const damage = fc.record({
      at: fc.nat(),
      cut: fc.nat({ max: 3 }),
      put: fc.constantFrom('', '"', '\\', '{', '}', ']', ',', ':', ' ', '\n', 'u', '0')
    })
    fc.assert(
      fc.property(common, fc.array(damage, { minLength: 1, maxLength: 3 }), (some, damages) => {
        let marc = JSON.stringify(some)
        for (const { at, cut, put } of damages) {
          const place = at % marc.length
          marc = marc.slice(0, place) + put + marc.slice(place + cut)
        }
        let isJson = true
        try {
          JSON.parse(marc)
        } catch {
          isJson = false
        }
        if (agree(marc)) expect(isJson).toBe(true)
      }),
      { numRuns: 5000 }
    )
  }, 120_000)
})
