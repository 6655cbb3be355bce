import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import type { RulesTexts } from '@marc-migrations/domain'
import { defaultRules } from '@marc-migrations/mapping'
import { readIso2709 } from '@marc-migrations/marc'
import { conformanceDir } from '../support/conformance.ts'
import { authorityFile } from './parse-input.ts'

/** Records as MARC-in-JSON texts with what they are mapped by, and where they come from. */
export interface MapInput extends RulesTexts {
  readonly from: string
  readonly records: readonly string[]
}

/** The measured authorities with their 13 source files where the conformance data stands, else records of our own. */
export function authorityInput(): MapInput {
  const dir = join(conformanceDir() ?? '', 'conformance', 'differential')
  const { rules, params } = defaultRules.authority
  const file = join(dir, 'authority-5000.input.jsonl.gz')
  if (existsSync(file)) {
    const records = gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n')
    return { from: 'differential set', records, rules, params: readFileSync(join(dir, 'params.json'), 'utf8') }
  }
  const readings = [...readIso2709(authorityFile(5000), { firstIndex: 0, firstOffset: 0 })]
  return { from: 'made', records: readings.flatMap((reading) => (reading.ok ? [reading.marc] : [])), rules, params }
}

const BIB_FILES = ['cornellfolioexemplars-bibs', 'test1-err', '338-subfields-mapping', '780-785-examples', 'deleted-leader']

/** The bibliographic records of the conformance cases, repeated to 2,000, else records of our own. */
export function instanceInput(): MapInput {
  const dir = join(conformanceDir() ?? '', 'conformance', 'mapping', 'input')
  const isThere = BIB_FILES.every((name) => existsSync(join(dir, `${name}.json`)))
  const bibs = isThere
    ? BIB_FILES.flatMap((name) => JSON.parse(readFileSync(join(dir, `${name}.json`), 'utf8')) as unknown[])
    : Array.from({ length: 100 }, (_, at) => madeBib(at))
  const texts = bibs.map((bib) => JSON.stringify(bib))
  // Each copy is a text of its own, so that no cache of the engine is flattered.
  const records = Array.from({ length: 2000 }, (_, at) => Buffer.from(texts[at % texts.length] ?? '').toString('utf8'))
  return { from: isThere ? 'conformance cases' : 'made', records, ...defaultRules.instance }
}

/** The same records as the database gives them: fields in front, a space behind colons and commas. */
export function asStored({ from, records, ...texts }: MapInput): MapInput {
  const stored = records.map((text) => {
    const { leader, fields } = JSON.parse(text) as { leader: string; fields: Record<string, unknown>[] }
    return spaced({ fields, leader })
  })
  return { from: `${from}, as stored`, records: stored, ...texts }
}

function spaced(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(spaced).join(', ')}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value)
  const members = Object.entries(value).sort(([a], [b]) => a.length - b.length || (a < b ? -1 : 1))
  return `{${members.map(([key, member]) => `${JSON.stringify(key)}: ${spaced(member)}`).join(', ')}}`
}

function madeBib(at: number): unknown {
  const field = (tag: string, indicators: string, ...subfields: [string, string][]) => ({
    [tag]: {
      ind1: indicators.charAt(0),
      ind2: indicators.charAt(1),
      subfields: subfields.map(([code, value]) => ({ [code]: value }))
    }
  })
  const fields = [
    { '001': `in${at}` },
    { '008': '200101s2019    nyua   j      000 1 eng  ' },
    field('020', '  ', ['a', `978${at}4567897`], ['q', '(hardcover) ;']),
    field('035', '  ', ['a', `(OCoLC)11${at}`]),
    field('050', '00', ['a', 'PZ7.1'], ['b', `.D${at} 2019`]),
    field('100', '1 ', ['a', 'Doe, Jane,'], ['e', 'author.'], ['4', 'aut']),
    field('245', '14', ['a', `The "bird" number ${at} /`], ['c', 'Jane Doe.']),
    field('264', ' 1', ['a', 'New York :'], ['b', 'Press,'], ['c', '2019.']),
    field('300', '  ', ['a', '32 pages ;'], ['c', '28 cm']),
    field('336', '  ', ['a', 'text'], ['b', 'txt'], ['2', 'rdacontent']),
    field('338', '  ', ['a', 'volume'], ['b', 'nc'], ['2', 'rdacarrier']),
    ...['Includes index.', 'Title from cover.', 'For ages 5 and up.'].map((note) => field('500', '  ', ['a', note])),
    ...['Birds', 'Птицы', 'Nests'].map((topic) => field('650', ' 0', ['a', topic], ['v', 'Juvenile fiction.'])),
    field('700', '1 ', ['a', 'Roe, Richard,'], ['e', 'illustrator.']),
    field('856', '40', ['u', `https://example.org/${at}`], ['y', 'Online'])
  ]
  return { leader: '00714cam a2200205 i 4500', fields }
}
