import { encodeRecord, type MadeField } from './encode-record.ts'
import { seededRandom, type SeededRandom } from './seeded-random.ts'
import * as words from './words.ts'

type Subfields = readonly (readonly [code: string, text: string])[]

/** A kind of heading: how often it comes, what its control numbers begin with, and how its subfields are made. */
interface Kind {
  readonly share: number
  readonly prefix: string
  readonly suffix: string
  readonly indicators: string
  readonly make: (chance: SeededRandom) => Subfields
}

const dates = (chance: SeededRandom): string => {
  const born = chance.between(1450, 1985)
  return chance.chance(70) ? `${born}-${born + chance.between(20, 94)}` : `${born}-`
}

const person = (chance: SeededRandom): Subfields => {
  const { family, given } = chance.pick(words.people)
  const name: [string, string][] = [['a', `${family}, ${chance.pick(given)},`]]
  if (chance.chance(8)) name.push(['c', chance.pick(['Sir,', 'Saint,', 'Mrs.,', 'comte de,'])])
  name.push(['d', dates(chance)])
  if (chance.chance(6)) name.push(['q', `(${chance.pick(given)} ${family})`])
  return name
}

const topic = (chance: SeededRandom): Subfields => {
  const heading: [string, string][] = [['a', chance.pick(words.topics)]]
  if (chance.chance(60)) heading.push(['x', chance.pick(words.subdivisions)])
  if (chance.chance(40)) heading.push(['z', chance.pick(words.places)])
  if (chance.chance(30)) heading.push(['y', chance.pick(words.periods)])
  if (chance.chance(12)) heading.push(['v', chance.pick(words.genres)])
  return heading
}

/** By the last two figures of the tag: 100, 400 and 500 are all persons. */
const kinds: Readonly<Record<string, Kind>> = {
  '00': { share: 40, prefix: 'n', suffix: '', indicators: '1 ', make: person },
  '0T': {
    share: 6,
    prefix: 'n',
    suffix: '',
    indicators: '1 ',
    make: (chance) => [...person(chance), ['t', `${chance.pick(words.works)}.`], ['l', 'English']]
  },
  '10': {
    share: 12,
    prefix: 'n',
    suffix: '',
    indicators: '2 ',
    make: (chance) => [
      ['a', `${chance.pick(words.bodies)} (${chance.pick(words.places)}).`],
      ['b', `${chance.pick(words.units)} no. ${chance.between(1, 900)}`]
    ]
  },
  '11': {
    share: 5,
    prefix: 'n',
    suffix: '',
    indicators: '2 ',
    make: (chance) => [
      ['a', chance.pick(words.meetings)],
      ['n', `(${chance.between(1, 40)}th :`],
      ['d', `${chance.between(1850, 2024)} :`],
      ['c', `${chance.pick(words.places)})`]
    ]
  },
  '30': {
    share: 5,
    prefix: 'no',
    suffix: '',
    indicators: ' 0',
    make: (chance) => [
      ['a', `${chance.pick(words.works)} (${chance.between(1500, 2020)})`],
      ['n', `Part ${chance.between(1, 90)}`]
    ]
  },
  '50': { share: 20, prefix: 'sh', suffix: '', indicators: '  ', make: topic },
  '51': {
    share: 8,
    prefix: 'sh',
    suffix: '',
    indicators: '  ',
    make: (chance) => [
      ['a', chance.pick(words.places)],
      ['x', chance.pick(words.subdivisions)]
    ]
  },
  '55': {
    share: 4,
    prefix: 'gf',
    suffix: '',
    indicators: '  ',
    make: (chance) => [['a', `${chance.pick(words.genres)} ${chance.between(1, 500)}`]]
  }
}

const SHARES = Object.values(kinds).reduce((sum, kind) => sum + kind.share, 0)

/** One readable authority record; the same seed and index give the same bytes. Control numbers differ by index. */
export function madeRecord(seed: number, index: number): Buffer {
  const chance = seededRandom(Math.imul(seed, 31) ^ Math.imul(index + 1, 0x27d4eb2f))
  const [ending, kind] = pickKind(chance)
  const number = `${kind.prefix.padEnd(3)}${String(index + 1).padStart(8, '0')}`
  const fields: MadeField[] = [
    { tag: '001', value: number },
    { tag: '003', value: 'DLC' },
    { tag: '005', value: `20${chance.between(10, 24)}0${chance.between(1, 9)}1${chance.between(0, 9)}083000.0` },
    { tag: '008', value: `${chance.between(50, 99)}0101${ending < '49' ? 'n' : 'i'}| azannaabn          |n aaa      ` },
    data('010', '  ', [['a', number]]),
    data('040', '  ', [
      ['a', 'DLC'],
      ['b', 'eng'],
      ['c', 'DLC'],
      ['d', chance.pick(['DLC', 'Uk', 'CZ-PrNK', 'NjP'])]
    ]),
    ...describing(chance, ending),
    data(`1${tagEnding(ending)}`, kind.indicators, kind.make(chance)),
    ...tracings(chance, '4', kind, ending),
    ...tracings(chance, '5', kind, ending),
    ...notes(chance)
  ]
  return encodeRecord('nz  ', inTagOrder(fields))
}

const inTagOrder = (fields: readonly MadeField[]): MadeField[] =>
  fields.toSorted((a, b) => (a.tag < b.tag ? -1 : a.tag > b.tag ? 1 : 0))
const data = (tag: string, indicators: string, subfields: Subfields): MadeField => ({ tag, indicators, subfields })
const tagEnding = (ending: string): string => ending.replace('T', '0')

function pickKind(chance: SeededRandom): [string, Kind] {
  let left = chance.between(1, SHARES)
  for (const entry of Object.entries(kinds)) {
    left -= entry[1].share
    if (left <= 0) return entry
  }
  throw new Error('the shares of the kinds do not add up')
}

/** 046 and 37X, mostly of persons. */
function describing(chance: SeededRandom, ending: string): MadeField[] {
  if (ending > '11' || chance.chance(35)) return []
  const born = chance.between(1500, 1980)
  const fields = [
    data('046', '  ', [
      ['f', `${born}`],
      ['2', 'edtf']
    ]),
    data('370', '  ', [
      ['a', chance.pick(words.places)],
      ['e', chance.pick(words.places)],
      ['2', 'naf']
    ]),
    data('372', '  ', [['a', chance.pick(words.topics)]]),
    data('373', '  ', [['a', chance.pick(words.bodies)]]),
    data('374', '  ', [
      ['a', chance.pick(words.occupations)],
      ['2', 'lcsh']
    ]),
    data('375', '  ', [['a', chance.pick(['Females', 'Males', 'Transgender people'])]]),
    data('377', '  ', [['a', chance.pick(words.languages)]]),
    data('378', '  ', [['q', chance.pick(words.people).given.join(' ')]])
  ]
  return fields.filter(() => chance.chance(60))
}

/** See-from (4XX) and see-also (5XX) headings of the record's own kind; some without their precomposed letters. */
function tracings(chance: SeededRandom, begin: '4' | '5', kind: Kind, ending: string): MadeField[] {
  const count = chance.pick(begin === '4' ? [0, 1, 1, 2, 3, 6] : [0, 0, 1, 1, 2])
  return Array.from({ length: count }, () => {
    const heading = kind
      .make(chance)
      .map(([code, text]) => [code, chance.chance(10) ? text.normalize('NFD') : text] as const)
    const related = chance.chance(25)
    const link: Subfields = begin === '4' || !related ? [] : [['i', chance.pick(words.relations)]]
    const control: Subfields = related ? [['w', begin === '5' ? chance.pick(['g', 'h', 'r', 'a']) : 'nne']] : []
    return data(`${begin}${tagEnding(ending)}`, kind.indicators, [...control, ...link, ...heading])
  })
}

function notes(chance: SeededRandom): MadeField[] {
  const found = Array.from({ length: chance.pick([1, 1, 2, 3]) }, () =>
    data('670', '  ', [
      ['a', `${chance.pick(words.sources)}, ${chance.between(1870, 2024)}:`],
      ['b', `p. ${chance.between(1, 400)} (${chance.pick(words.people).family}; ${chance.pick(words.places)})`],
      ...(chance.chance(20) ? [['u', `https://example.org/authority/${chance.between(1, 99_999)}`] as const] : [])
    ])
  )
  const others = [
    data('667', '  ', [['a', 'Machine-derived non-Latin script reference project.']]),
    data('675', '  ', [['a', `${chance.pick(words.sources)}, ${chance.between(1900, 2024)}`]]),
    data('678', '0 ', [['a', `${chance.pick(words.occupations)}; b. ${chance.pick(words.places)}`]]),
    data('680', ' 1', [
      ['i', 'Here are entered works on'],
      ['a', chance.pick(words.topics)]
    ])
  ]
  return [...others.slice(0, 1), ...found, ...others.slice(1)].filter(
    (_, i) => (i > 0 && i <= found.length) || chance.chance(25)
  )
}
