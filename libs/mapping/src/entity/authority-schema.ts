import { entitySchema } from './schema.ts'
import type { PropertyRow } from './schema.ts'

/** Kinds of heading of an authority; each has the heading itself, its see-from and its see-also-from tracings. */
const HEADINGS_BEFORE_SUBJECT_CODE = [
  'personalName',
  'personalNameTitle',
  'corporateName',
  'corporateNameTitle',
  'meetingName',
  'meetingNameTitle',
  'uniformTitle',
  'namedEvent',
  'chronTerm',
  'mediumPerfTerm',
  'geographicSubdivision',
  'chronSubdivision',
  'formSubdivision',
  'generalSubdivision',
  'topicalTerm'
]
const HEADINGS_AFTER_SUBJECT_CODE = ['geographicName', 'genreTerm']

const RELATIONS = ['saftBroaderTerm', 'saftNarrowerTerm', 'saftEarlierHeading', 'saftLaterHeading']

/** Headings with a truncated tracing, in the order of the extended authority. */
const TRUNCATED_HEADINGS = [
  'PersonalName',
  'PersonalNameTitle',
  'CorporateName',
  'CorporateNameTitle',
  'MeetingName',
  'MeetingNameTitle',
  'UniformTitle',
  'TopicalTerm',
  'GeographicName',
  'GenreTerm',
  'NamedEvent',
  'ChronTerm',
  'MediumPerfTerm',
  'GeneralSubdivision',
  'GeographicSubdivision',
  'ChronSubdivision',
  'FormSubdivision'
]

export const METADATA_LEAVES = [
  'createdDate:date',
  'createdByUserId',
  'createdByUsername',
  'updatedDate:date',
  'updatedByUserId',
  'updatedByUsername'
]

const authorityRows: readonly PropertyRow[] = [
  ['id', 'text'],
  ['_version', 'integer'],
  ['source', 'enum'],
  ...HEADINGS_BEFORE_SUBJECT_CODE.flatMap(headingRows),
  ['subjectHeadings', 'text'],
  ...HEADINGS_AFTER_SUBJECT_CODE.flatMap(headingRows),
  ['identifiers', 'objects', 'value', 'identifierTypeId'],
  ['notes', 'objects', 'noteTypeId', 'note'],
  ['sourceFileId', 'text'],
  ['naturalId', 'text'],
  ['metadata', 'single', ...METADATA_LEAVES]
]

/** FOLIO's Authority, in written order. */
export const authoritySchema = entitySchema(authorityRows)

/** FOLIO's AuthorityExtended: relations and truncated headings stand before the authority's own properties. */
export const authorityExtendedSchema = entitySchema([
  ...RELATIONS.map((key): PropertyRow => [key, 'objects', 'headingRef', 'headingType']),
  ...TRUNCATED_HEADINGS.map((heading): PropertyRow => [`saft${heading}Trunc`, 'texts']),
  ...authorityRows
])

function headingRows(heading: string): PropertyRow[] {
  const capitalized = `${heading.charAt(0).toUpperCase()}${heading.slice(1)}`
  return [
    [heading, 'text'],
    [`sft${capitalized}`, 'texts'],
    [`saft${capitalized}`, 'texts']
  ]
}
