import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { EntityType } from '@marc-migrations/domain'
import { compileMapping, defaultRules } from '@marc-migrations/mapping'
import type { Mapper } from '@marc-migrations/mapping'
import { describe, expect, test } from 'vitest'
import { conformanceDir } from '../support/conformance.ts'
import { skipSuite } from '../support/skips.ts'

const root = conformanceDir()
if (root === undefined) skipSuite('mapping default rules against those of FOLIO', 'no conformance data', 'data')
const cases = root === undefined ? undefined : join(root, 'conformance', 'mapping')
const reference = root === undefined ? undefined : join(root, 'data', 'reference')

function readJson(...path: string[]): unknown {
  return JSON.parse(readFileSync(join(...path), 'utf8')) as unknown
}

/** What has no effect is taken out: descriptions, empty rules, flags that are off, the order of subfields. */
function effective(value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = value.map(effective)
    return items.every((item) => typeof item === 'string' && item.length === 1) ? [...items].sort() : items
  }
  if (typeof value !== 'object' || value === null) return typeof value === 'string' ? value.replace(/,\s+/g, ',') : value
  const members = Object.entries(value).filter(
    ([key, member]) => key !== 'description' && member !== false && !(key === 'rules' && (member as unknown[]).length === 0)
  )
  return Object.fromEntries(members.map(([key, member]) => [key, effective(member)]))
}

/** Instances get source MARC from the mapper itself, so the rule that sets another source has no effect. */
function withoutSource(rules: Record<string, { target?: string }[]>) {
  return Object.fromEntries(
    Object.entries(rules).map(([tag, entries]) => [tag, entries.filter(({ target }) => target !== 'source')])
  )
}

describe.skipIf(cases === undefined)('conformance: our default rules', () => {
  test.each([
    ['authority', 'authority-default.json'],
    ['instance', 'bib-default.json']
  ] as const)('have the effect of those of FOLIO for %s', (entityType, file) => {
    const ours = JSON.parse(defaultRules[entityType].rules) as Record<string, { target?: string }[]>
    const theirs = readJson(cases ?? '', 'rules', file) as Record<string, { target?: string }[]>
    expect(effective(ours)).toEqual(effective(withoutSource(theirs)))
  })

  interface Case {
    readonly name: string
    readonly entityType: EntityType
    readonly mapper: Mapper
    readonly origin: string
    readonly params: string
    readonly input: string
    readonly expected: string
  }
  const all = cases === undefined ? [] : (readJson(cases, 'cases.json') as Case[])
  const measured = all.filter(({ origin }) => origin === 'measured-default-rules')
  test.each(measured.map((one) => [one.name, one] as const))('give the result of %s', (_name, one) => {
    const mapping = compileMapping({
      entityType: one.entityType,
      mapper: one.mapper,
      rules: defaultRules[one.entityType].rules,
      params: readFileSync(join(cases ?? '', one.params), 'utf8')
    })
    const input = readJson(cases ?? '', one.input) as unknown[]
    const results = input.map((record) => mapping.mapBare(JSON.stringify(record)))
    expect(results).toEqual(readJson(cases ?? '', one.expected))
  })

  const lists: Record<string, string> = {
    authorityIdentifierTypes: 'authority-identifier-types',
    authorityNoteTypes: 'authority-note-types',
    authoritySourceFiles: 'authority-source-files',
    alternativeTitleTypes: 'alternative-title-types',
    classificationTypes: 'classification-types',
    contributorNameTypes: 'contributor-name-types',
    contributorTypes: 'contributor-types',
    electronicAccessRelationships: 'electronic-access-relationships',
    identifierTypes: 'identifier-types',
    instanceDateTypes: 'instance-date-types',
    instanceFormats: 'instance-formats',
    instanceNoteTypes: 'instance-note-types',
    instanceTypes: 'instance-types',
    issuanceModes: 'modes-of-issuance',
    subjectSources: 'subject-sources',
    subjectTypes: 'subject-types'
  }
  test.each(Object.entries(lists))('%s has the facts of a fresh tenant', (list, file) => {
    const params = {
      ...(JSON.parse(defaultRules.authority.params) as object),
      ...(JSON.parse(defaultRules.instance.params) as object)
    }
    const facts = (entries: unknown) =>
      (entries as Record<string, unknown>[])
        .map(({ id, name, code, codes }) => JSON.stringify({ id, name, code, codes }))
        .sort()
    expect(facts((params as Record<string, unknown>)[list])).toEqual(facts(readJson(reference ?? '', `${file}.json`)))
  })
})
