import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { EntityType, SourceRow } from '@marc-migrations/domain'
import { compileMapping } from '@marc-migrations/mapping'
import type { Mapper } from '@marc-migrations/mapping'
import { describe, expect, test } from 'vitest'
import { bindFunction } from '../../libs/mapping/src/functions/bind-function.ts'
import { referenceLists } from '../../libs/mapping/src/functions/reference-lists.ts'
import { NO_INDICATOR } from '../../libs/mapping/src/record/record-buffer.ts'
import { conformanceDir } from '../support/conformance.ts'
import { skipSuite } from '../support/skips.ts'

const root = conformanceDir()
if (root === undefined) skipSuite('mapping conformance', 'no conformance data', 'data')
const cases = root === undefined ? undefined : join(root, 'conformance', 'mapping')
const differential = root === undefined ? undefined : join(root, 'conformance', 'differential')

interface Case {
  readonly name: string
  readonly entityType: EntityType
  readonly mapper: Mapper
  readonly rules: unknown
  readonly params: unknown
  readonly input: unknown
  readonly expected: unknown
}

/** A case holds each part itself, or the path of the file that does. */
function part(value: unknown): unknown {
  return typeof value === 'string' ? readJson(join(cases ?? '', value)) : value
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, 'utf8')) as unknown
}

function resultOf(map: () => unknown): unknown {
  try {
    return map()
  } catch (error) {
    return { $throws: error instanceof Error ? error.message : String(error) }
  }
}

/** The text of an error is free, and an id counts only where the record fixes it. */
function expectResult(actual: unknown, expected: unknown): void {
  if (typeof expected === 'object' && expected !== null && '$throws' in expected) expect(actual).toHaveProperty('$throws')
  else expect(actual).toEqual(expected)
}

describe.skipIf(cases === undefined || !existsSync(cases))('conformance: whole records', () => {
  const all = cases === undefined ? [] : (readJson(join(cases, 'cases.json')) as Case[])
  test.each(all.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    const { entityType, mapper } = one
    const mapping = compileMapping({
      entityType,
      mapper,
      rules: JSON.stringify(part(one.rules)),
      params: JSON.stringify(part(one.params))
    })
    const expected = part(one.expected) as unknown[]
    const input = part(one.input) as unknown[]
    expect(expected).toHaveLength(input.length)
    for (const [index, record] of input.entries()) {
      expectResult(
        resultOf(() => mapping.mapBare(JSON.stringify(record))),
        expected[index]
      )
    }
  })
})

interface NormalizationRow {
  readonly name: string
  readonly function: string
  readonly input: string | null
  readonly parameter: Record<string, unknown> | null
  readonly mappingParameters: Record<string, unknown>
  readonly dataField: { ind1?: string; ind2?: string; subfields?: Record<string, string>[] } | null
  readonly expected: string | null
}

describe.skipIf(cases === undefined)('conformance: normalization functions', () => {
  const all = cases === undefined ? [] : (readJson(join(cases, 'normalization-cases.json')) as NormalizationRow[])
  test.each(all.map((row) => [row.name, row] as const))('%s', (_name, row) => {
    const apply = bindFunction(row.function, row.parameter, referenceLists(row.mappingParameters))
    const subfields = (row.dataField?.subfields ?? []).flatMap((subfield) => Object.entries(subfield))
    const field =
      row.dataField === null
        ? null
        : {
            tag: '100',
            ind1: indicator(row.dataField.ind1),
            ind2: indicator(row.dataField.ind2),
            size: subfields.length,
            codes: subfields.map(([code]) => code.charCodeAt(0)),
            values: subfields.map(([, value]) => value)
          }
    expect(apply(row.input, { leader: '', field })).toBe(row.expected)
  })
})

function indicator(text: string | undefined): number {
  return text === undefined ? NO_INDICATOR : text === '' ? 0x20 : text.charCodeAt(0)
}

interface PipelineCase {
  readonly name: string
  readonly entityType: EntityType
  readonly marcText: string | null
  readonly marcId: string
  readonly recordId: string
  readonly version: number
  readonly rules: unknown
  readonly params: unknown
  readonly expected: {
    readonly mappedLine: string | null
    readonly entityErrorLine: string | null
    readonly errorLine: string | null
    readonly errorLinePrefix?: string
  }
}

describe.skipIf(cases === undefined)('conformance: a stored row becomes its lines', () => {
  const all = cases === undefined ? [] : (readJson(join(cases, 'pipeline-cases.json')) as PipelineCase[])
  test.each(all.map((one) => [one.name, one] as const))('%s', (_name, one) => {
    const { entityType, marcId, recordId, version, expected } = one
    const mapping = compileMapping({ entityType, rules: JSON.stringify(one.rules), params: JSON.stringify(one.params) })
    const row: SourceRow = { marcId, recordId, marc: one.marcText, state: 'ACTUAL', version }
    const result = mapping.remapRow(row)
    expect(result.ok ? result.line : null).toBe(expected.mappedLine)
    expect(result.ok ? null : result.rejectedLine).toBe(expected.entityErrorLine)
    const reason = result.ok ? null : result.reasonLine
    if (expected.errorLinePrefix === undefined) expect(reason).toBe(expected.errorLine)
    else expect(reason?.startsWith(expected.errorLinePrefix)).toBe(true)
  })
})

describe.skipIf(differential === undefined)('conformance: real authorities, line by line', () => {
  const dir = differential ?? ''
  const lines = (name: string) =>
    gunzipSync(readFileSync(join(dir, name)))
      .toString('utf8')
      .trimEnd()
      .split('\n')
  const mapping = () =>
    compileMapping({
      entityType: 'authority',
      rules: readFileSync(join(dir, '..', 'mapping', 'rules', 'authority-default.json'), 'utf8'),
      params: readFileSync(join(dir, 'params.json'), 'utf8')
    })

  test('5,000 Library of Congress authorities come out as measured', () => {
    const engine = mapping()
    const expected = lines('authority-5000.expected.jsonl.gz')
    const differing = lines('authority-5000.input.jsonl.gz').flatMap((marc, index) => {
      try {
        expect(engine.mapBare(marc)).toEqual(JSON.parse(expected[index] ?? ''))
        return []
      } catch {
        return [index + 1]
      }
    })
    expect(expected).toHaveLength(5000)
    expect(differing).toEqual([])
  }, 120_000)

  interface Hostile {
    readonly number: number
    readonly name: string
    readonly line: string
    readonly expected: unknown
  }
  const hostile = differential === undefined ? [] : (readJson(join(dir, 'hostile.json')) as Hostile[])
  test.each(hostile.map((one) => [one.name, one] as const))('hostile record: %s', (_name, { line, expected }) => {
    const actual = resultOf(() => mapping().mapBare(line))
    const failed = actual === null || Object.hasOwn(actual as object, '$throws')
    expect<unknown>(failed ? { error: true } : actual).toEqual(expected)
  })
})

describe.skipIf(cases === undefined)('conformance: key order', () => {
  const order = cases === undefined ? {} : (readJson(join(cases, 'key-order.json')) as Record<string, string[]>)
  test('entities have their properties in the written order', async () => {
    const { authorityExtendedSchema, authoritySchema } = await import('../../libs/mapping/src/entity/authority-schema.ts')
    const { instanceSchema } = await import('../../libs/mapping/src/entity/instance-schema.ts')
    const keys = (schema: typeof authoritySchema) => schema.properties.map(({ key }) => key)
    expect(keys(authoritySchema)).toEqual(order['Authority'])
    expect(keys(authorityExtendedSchema)).toEqual([...(order['AuthorityExtended'] ?? []), ...(order['Authority'] ?? [])])
    expect(keys(instanceSchema)).toEqual(order['Instance'])
    const leaves = (schema: typeof authoritySchema, name: string) => schema.property(name)?.leaves.map(({ key }) => key)
    expect(leaves(authoritySchema, 'identifiers')).toEqual(order['authority.identifiers[]'])
    expect(leaves(authoritySchema, 'notes')).toEqual(order['authority.notes[]'])
    expect(leaves(authorityExtendedSchema, 'saftBroaderTerm')).toEqual(order['RelatedHeading'])
    const lists = {
      identifiers: 'instance.identifiers[]',
      notes: 'instance.notes[]',
      alternativeTitles: 'AlternativeTitle',
      series: 'Series',
      contributors: 'Contributor',
      subjects: 'Subject',
      classifications: 'Classification',
      publication: 'Publication',
      electronicAccess: 'ElectronicAccess',
      dates: 'Dates',
      precedingTitles: 'PrecedingTitle',
      succeedingTitles: 'SucceedingTitle'
    }
    for (const [name, key] of Object.entries(lists)) expect([name, leaves(instanceSchema, name)]).toEqual([name, order[key]])
  })
})
