import type { Entry, Part, RuleForm } from './rule-forms.ts'
import { each, joined, object, objectPerSubfield, whole } from './rule-forms.ts'

/** A heading with `$t` is a work's title under a name; without, it is the name alone. */
type TitleRule = 'with $t' | 'without $t'

type HeadingRow = readonly [tag: string, target: string, codes: string, title?: TitleRule]

const HEADINGS: readonly HeadingRow[] = [
  // Established headings
  ['110', 'corporateName', 'abcdgnvxyz', 'without $t'],
  ['110', 'corporateNameTitle', 'abcdfklmnopqrst', 'with $t'],
  ['111', 'meetingName', 'acdnqgvxyz', 'without $t'],
  ['111', 'meetingNameTitle', 'abcdfklmnopqrst', 'with $t'],
  ['130', 'uniformTitle', 'adfghklmnoprstvxyz'],
  ['147', 'namedEvent', 'acdgvxyz'],
  ['148', 'chronTerm', 'avxyz'],
  ['150', 'topicalTerm', 'abvxyz'],
  ['151', 'geographicName', 'agvxyz'],
  ['155', 'genreTerm', 'avxyz'],
  ['162', 'mediumPerfTerm', 'a'],
  ['180', 'generalSubdivision', 'vxyz'],
  ['181', 'geographicSubdivision', 'vxyz'],
  ['182', 'chronSubdivision', 'vxyz'],
  ['185', 'formSubdivision', 'vxyz'],
  // See-from tracings
  ['400', 'sftPersonalName', 'abcdgqvxyz', 'without $t'],
  ['400', 'sftPersonalNameTitle', 'abcdfiklmnopqrst', 'with $t'],
  ['410', 'sftCorporateName', 'abcdgnvxyz', 'without $t'],
  ['410', 'sftCorporateNameTitle', 'abcdfiklmnopqrst', 'with $t'],
  ['411', 'sftMeetingName', 'acdnqgvxyz', 'without $t'],
  ['411', 'sftMeetingNameTitle', 'abcdfiklmnopqrst', 'with $t'],
  ['430', 'sftUniformTitle', 'adfghklmnoprstvxyz'],
  ['447', 'sftNamedEvent', 'acdgvxyz'],
  ['448', 'sftChronTerm', 'avxyz'],
  ['450', 'sftTopicalTerm', 'abgivxyz45'],
  ['451', 'sftGeographicName', 'agivxyz45'],
  ['455', 'sftGenreTerm', 'aivxyz45'],
  ['462', 'sftMediumPerfTerm', 'a'],
  ['480', 'sftGeneralSubdivision', 'vxyz'],
  ['481', 'sftGeographicSubdivision', 'vxyz'],
  ['482', 'sftChronSubdivision', 'vxyz'],
  ['485', 'sftFormSubdivision', 'vxyz'],
  // See-also tracings
  ['500', 'saftPersonalName', 'abcdgqvxyz', 'without $t'],
  ['500', 'saftPersonalNameTitle', 'abcdfiklmnopqrst', 'with $t'],
  ['510', 'saftCorporateName', 'abcdgnvxyz', 'without $t'],
  ['510', 'saftCorporateNameTitle', 'abcdfiklmnopqrst', 'with $t'],
  ['511', 'saftMeetingName', 'acdnqgvxyz', 'without $t'],
  ['511', 'saftMeetingNameTitle', 'abcdfiklmnopqrst', 'with $t'],
  ['530', 'saftUniformTitle', 'adfghiklmnoprstvxyz4'],
  ['547', 'saftNamedEvent', 'acdgvxyz'],
  ['548', 'saftChronTerm', 'avxyz'],
  ['550', 'saftTopicalTerm', 'abgivxyz45'],
  ['551', 'saftGeographicName', 'agivxyz45'],
  ['555', 'saftGenreTerm', 'aivxyz45'],
  ['562', 'saftMediumPerfTerm', 'a'],
  ['580', 'saftGeneralSubdivision', 'vxyz'],
  ['581', 'saftGeographicSubdivision', 'vxyz'],
  ['582', 'saftChronSubdivision', 'vxyz'],
  ['585', 'saftFormSubdivision', 'vxyz']
]

function titled(part: Part, title: TitleRule | undefined): Part {
  if (title === undefined) return part
  return title === 'with $t' ? { ...part, requiredSubfield: ['t'] } : { ...part, exclusiveSubfield: ['t'] }
}

function headingsByTag(): Record<string, Entry[]> {
  const byTag: Record<string, Entry[]> = {}
  for (const [tag, target, codes, title] of HEADINGS) (byTag[tag] ??= []).push(titled(each(target, codes), title))
  return byTag
}

const typeOf = (code: string) => ['set_authority_identifier_type_id_by_code', { code }] as const

const OTHER_STANDARD_CODES = 'acdqz012'

/** Our default rules for authorities, of the same effect as FOLIO's. */
export const authorityRules: RuleForm = {
  '001': [whole('identifiers.value'), whole('identifiers.identifierTypeId', typeOf('control-number'))],
  '008': [whole('subjectHeadings', ['char_select', { from: 11, to: 12 }])],
  '010': [
    {
      keepTrailingBackslash: true,
      ...objectPerSubfield(
        each('identifiers.identifierTypeId', 'a', typeOf('lccn')),
        each('identifiers.value', 'a', 'trim'),
        each('identifiers.identifierTypeId', 'z', typeOf('canceled-lccn')),
        each('identifiers.value', 'z', 'trim')
      )
    }
  ],
  '024': [
    object(
      joined('identifiers.identifierTypeId', OTHER_STANDARD_CODES, typeOf('other-standard-identifier')),
      joined('identifiers.value', OTHER_STANDARD_CODES)
    )
  ],
  '035': [
    objectPerSubfield(
      each('identifiers.identifierTypeId', 'az', typeOf('system-control-number')),
      each('identifiers.value', 'az')
    )
  ],
  // Personal names are escaped once, after joining: a backslash at the end of a subfield inside the name stays.
  '100': [
    titled(joined('personalName', 'abcdgqvxyz'), 'without $t'),
    titled(joined('personalNameTitle', 'abcdfklmnopqrst'), 'with $t')
  ],
  ...headingsByTag(),
  '667': [
    object(
      // Per occurrence: two $a give a doubled type id, as in FOLIO.
      each('notes.noteTypeId', 'a', ['set_authority_note_type_id', { name: 'Nonpublic general note' }]),
      each('notes.note', 'a', 'trim')
    )
  ],
  '999': [each('id', 'i')]
}
