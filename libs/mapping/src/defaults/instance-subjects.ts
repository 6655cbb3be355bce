import type { Group, Part, RuleForm } from './rule-forms.ts'
import { each, joined, object, when } from './rule-forms.ts'

/**
 * How a heading is joined: its own subfields by spaces and subdivisions by dashes, or everything by dashes. Codes that are
 * selected but not named here join the first group by spaces.
 */
interface Joining {
  readonly spaced?: string
  readonly dashed: string
  /** Stands between the two groups. */
  readonly between?: string
}

type SubjectRow = readonly [tag: string, type: string, codes: string, joining: Joining]

const ALL = 'abcdefghjklmnopqrstuvxyz'
const NAME: Joining = { spaced: 'abcdjqtfgklmnoprs', dashed: 'xyzv', between: '--' }

const SUBJECTS: readonly SubjectRow[] = [
  ['600', 'Personal name', ALL, NAME],
  ['610', 'Corporate name', 'abcdefghklmnoprstuvxyz', { ...NAME, spaced: 'abcdtfgklmnops' }],
  ['611', 'Meeting name', 'acdefghjklnpqstuvxyz', { ...NAME, spaced: 'acdeqtfgklmnoprs' }],
  ['630', 'Uniform title', 'adefghklmnoprstvxyz', { ...NAME, spaced: 'adfgklmnoprs' }],
  ['647', 'Named event', 'acdgxyzv', { dashed: 'acdgxyzv', between: '--' }],
  ['648', 'Chronological term', 'axyzv', { dashed: 'axyzv' }],
  ['650', 'Topical term', 'abcdegvxyz', { dashed: 'abcdegvxyz' }],
  ['651', 'Geographic name', 'aegvxyz', { dashed: 'aegvxyz' }],
  ['653', 'Uncontrolled', ALL, NAME],
  ['654', 'Faceted topical terms', ALL, NAME],
  ['655', 'Genre/Form', 'abcvxyz', { dashed: 'aegvxyz' }],
  ['656', 'Occupation', ALL, NAME],
  ['657', 'Function', ALL, NAME],
  ['658', 'Curriculum objective', ALL, NAME],
  ['662', 'Hierarchical Place Name', ALL, NAME],
  ['688', 'Type of Entity Unspecified', ALL, NAME]
]

/** The thesaurus a second indicator of 0 to 6 names; 7 says that `$2` holds its code. */
const SOURCES = [
  'Library of Congress Subject Headings',
  "Library of Congress Children's and Young Adults' Subject Headings",
  'Medical Subject Headings',
  'National Agricultural Library subject authority file',
  'Source not specified',
  'Canadian Subject Headings',
  'Répertoire de vedettes-matière'
]

function heading(codes: string, { spaced, dashed, between }: Joining): Part {
  const groups = [
    ...(spaced === undefined ? [] : [{ value: ' ', subfields: [...spaced] }]),
    { value: '--', subfields: [...dashed] },
    ...(between === undefined ? [] : [{ value: between, subfields: [] }])
  ]
  return { ...joined('subjects.value', codes, 'trim_period', 'trim'), subFieldDelimiter: groups }
}

/** One entry without source for other second indicators, one for each thesaurus, one for `$2`. */
function subject([tag, type, codes, joining]: SubjectRow): [string, Group[]] {
  const parts = [
    heading(codes, joining),
    each('subjects.authorityId', '9'),
    joined('subjects.typeId', codes, ['set_subject_type_id', { name: type }])
  ]
  const named = SOURCES.map((name, ind2) =>
    when(`*${ind2}`, object(...parts, joined('subjects.sourceId', codes, ['set_subject_source_id', { name }])))
  )
  const coded = when('*7', object(...parts, joined('subjects.sourceId', '2', 'set_subject_source_id_by_code')))
  return [tag, [object(...parts), ...named, coded]]
}

export const subjectRules: RuleForm = Object.fromEntries(SUBJECTS.map(subject))
