import { contributorRules } from './instance-contributors.ts'
import { noteRules } from './instance-notes.ts'
import { subjectRules } from './instance-subjects.ts'
import type { Group, Part, RuleForm, Step } from './rule-forms.ts'
import { each, joined, object, objectPerSubfield, when, whole } from './rule-forms.ts'

const TIDY: readonly Step[] = ['remove_ending_punc', 'trim']

const identifierType = (name: string): Step => ['set_identifier_type_id_by_name', { name }]

/** One identifier per occurrence of a subfield. */
function identifiers(type: string, codes: string, ...steps: Step[]): Group {
  return objectPerSubfield(
    each('identifiers.identifierTypeId', codes, identifierType(type)),
    each('identifiers.value', codes, ...steps)
  )
}

/** One identifier from all the subfields of the field. */
function joinedIdentifier(type: string, codes: string): Group {
  return object(
    joined('identifiers.identifierTypeId', codes, identifierType(type)),
    joined('identifiers.value', codes, 'trim')
  )
}

/** The value with the subfields that follow it, up to the next value or a subfield that stops it. */
const followedBy = (codes: string, stops?: string): Step => [
  'concat_subfields_by_name',
  { subfieldsToConcat: [...codes], ...(stops !== undefined && { subfieldsToStopConcat: [...stops] }) }
]

/** 024 by first indicator: one number of the kind with its qualifier, cancelled ones apart. */
function standardNumber(ind1: string, valid: string, invalid: string): Group[] {
  const { entity } = identifiers(valid, 'a', followedBy('q'), 'trim')
  return [when(`${ind1}*`, object(...entity)), when(`${ind1}*`, identifiers(invalid, 'z', followedBy('q'), 'trim'))]
}

function classification(type: string, codes: string, ...steps: Step[]): Group {
  return objectPerSubfield(
    each('classifications.classificationTypeId', codes, ['set_classification_type_id', { name: type }]),
    each('classifications.classificationNumber', codes, ...steps)
  )
}

function alternativeTitle(type: string, codes: string): Group {
  return object(
    joined('alternativeTitles.alternativeTitleTypeId', codes, ['set_alternative_title_type_id', { name: type }]),
    joined('alternativeTitles.alternativeTitle', codes, ...TIDY),
    each('alternativeTitles.authorityId', '9')
  )
}

/** Places, publishers and dates each joined by semicolons; they share one publication. */
const PUBLICATION: readonly Part[] = [
  listed('publication.place', 'a', ...TIDY),
  listed('publication.publisher', 'b', ...TIDY),
  listed('publication.dateOfPublication', 'c', ...TIDY, 'trim_period')
]

function listed(target: string, code: string, ...steps: Step[]): Part {
  return { ...each(target, code, ...steps), subFieldDelimiter: [{ value: ' ; ', subfields: [code] }] }
}

/** First `$a` and first `$b` of a term with its code, joined by the tilde the look-up splits at. */
function termAndCode(target: string, step: Step): Part {
  return {
    ...joined(target, 'ab', step),
    ignoreSubsequentSubfields: true,
    subFieldDelimiter: [{ value: '~', subfields: ['a', 'b'] }]
  }
}

/** A title the resource continues, or that continues it, with its ISBN and ISSN. */
function relatedTitle(list: string): Group {
  return object(
    joined(`${list}.title`, 't', 'trim'),
    joined(`${list}.isbnId`, 'z', identifierType('ISBN')),
    joined(`${list}.isbnValue`, 'z', 'trim'),
    joined(`${list}.issnId`, 'x', identifierType('ISSN')),
    joined(`${list}.issnValue`, 'x', 'trim')
  )
}

function seriesTitle(codes: string): Group {
  return object(joined('series.value', codes, ...TIDY), each('series.authorityId', '9'))
}

function dated(leaf: string, step: Step): Part {
  return { ...whole(`dates.${leaf}`, step), createSingleObject: true }
}

const RESOURCE_TYPE: Step = ['set_instance_type_id', { unspecifiedInstanceTypeCode: 'zzz' }]

/** Our default rules for instances, of the same effect as FOLIO's rules for bibliographic records. */
export const instanceRules: RuleForm = {
  LDR: [
    whole('modeOfIssuanceId', 'set_issuance_mode_id'),
    ...['discoverySuppress', 'staffSuppress', 'deleted'].map((flag) => whole(flag, 'set_deleted'))
  ],
  '001': [whole('hrid')],
  '008': [
    whole('instanceTypeId', RESOURCE_TYPE),
    whole('languages', ['char_select', { from: 35, to: 38 }]),
    dated('dateTypeId', 'set_date_type_id'),
    dated('date1', ['char_select', { from: 7, to: 11 }]),
    dated('date2', ['char_select', { from: 11, to: 15 }])
  ],
  '010': [
    objectPerSubfield(...identifiers('LCCN', 'a', 'trim').entity, ...identifiers('Canceled LCCN', 'z', 'trim').entity)
  ],
  '019': [identifiers('Cancelled system control number', 'a', 'trim')],
  '020': [
    identifiers('ISBN', 'a', followedBy('cq', 'z'), ...TIDY),
    identifiers('Invalid ISBN', 'z', followedBy('qc', 'a'), ...TIDY)
  ],
  '022': [
    identifiers('ISSN', 'a', 'trim'),
    identifiers('Invalid ISSN', 'yzm', 'trim'),
    identifiers('Linking ISSN', 'l', 'trim')
  ],
  '024': [
    joinedIdentifier('Other standard identifier', 'acdqz2'),
    ...standardNumber('2', 'ISMN', 'Invalid ISMN'),
    ...standardNumber('1', 'UPC', 'Invalid UPC')
  ],
  '028': [joinedIdentifier('Publisher or distributor number', 'abq')],
  '035': [
    objectPerSubfield(
      each('identifiers.identifierTypeId', 'a', [
        'set_identifier_type_id_by_value',
        { names: ['System control number', 'OCLC'], oclc_regex: '(\\(OCoLC\\)|ocm|ocn|on).*' }
      ]),
      each('identifiers.value', 'a')
    ),
    identifiers('Cancelled system control number', 'z', 'trim')
  ],
  '041': [
    objectPerSubfield({
      target: 'languages',
      subfield: ['a'],
      subFieldSplit: { type: 'split_every', value: '3' }
    })
  ],
  '050': [classification('LC', 'a', followedBy('b'))],
  '060': [classification('NLM', 'a', followedBy('b'))],
  '074': [identifiers('GPO item number', 'a', ...TIDY), identifiers('Cancelled GPO item number', 'z', ...TIDY)],
  '080': [
    object(
      joined('classifications.classificationTypeId', 'ab', ['set_classification_type_id', { name: 'UDC' }]),
      joined('classifications.classificationNumber', 'ab')
    )
  ],
  '082': [classification('Dewey', 'a', followedBy('b'), ['remove_substring', { substring: '/' }])],
  '086': [classification('GDC', 'az')],
  '090': [classification('LC', 'a', followedBy('b'))],
  '130': [alternativeTitle('Uniform title', 'anpdfghklmorst')],
  '240': [alternativeTitle('Uniform title', 'anpdfghklmors')],
  '245': [joined('title', 'anpbcfghks'), joined('indexTitle', 'anpb', 'remove_prefix_by_indicator', 'capitalize')],
  '246': [alternativeTitle('Variant title', 'anpbfgh5')],
  '247': [alternativeTitle('Former title', 'anpbfghx')],
  '250': [joined('editions', 'ab', ...TIDY)],
  '260': PUBLICATION,
  '264': [...PUBLICATION, joined('publication.role', 'abc', 'set_publisher_role')],
  '300': [each('physicalDescriptions', 'abcefg3')],
  '310': [joined('publicationFrequency', 'ab', 'trim_period')],
  '321': [joined('publicationFrequency', 'ab', 'trim_period')],
  '336': [{ ...termAndCode('instanceTypeId', RESOURCE_TYPE), ignoreSubsequentFields: true }],
  '338': [termAndCode('instanceFormatIds', 'set_instance_format_id')],
  '362': [joined('publicationRange', 'az', 'trim_period')],
  '780': [relatedTitle('precedingTitles')],
  '785': [relatedTitle('succeedingTitles')],
  '800': [seriesTitle('abcdefghjklmnopqrstuvwx35')],
  '810': [seriesTitle('abcdefghklmnoprstuvwx35')],
  '811': [seriesTitle('acdefghjklnpqstuvwx35')],
  '830': [seriesTitle('adfghklmnoprstvwx35')],
  '856': [
    object(
      joined('electronicAccess.relationshipId', '3yuz', 'set_electronic_access_relations_id'),
      each('electronicAccess.uri', 'u', ...TIDY),
      each('electronicAccess.linkText', 'y', ...TIDY),
      each('electronicAccess.materialsSpecification', '3', ...TIDY),
      each('electronicAccess.publicNote', 'z', ...TIDY)
    )
  ],
  // A field in another script is mapped as the field it belongs to; headings and title as their added forms.
  '880': [
    {
      target: '',
      subfield: ['6'],
      fieldReplacementBy3Digits: true,
      fieldReplacementRule: [
        { sourceDigits: '100', targetField: '700' },
        { sourceDigits: '110', targetField: '710' },
        { sourceDigits: '111', targetField: '711' },
        { sourceDigits: '245', targetField: '246' }
      ]
    }
  ],
  ...contributorRules,
  ...noteRules,
  ...subjectRules
}
