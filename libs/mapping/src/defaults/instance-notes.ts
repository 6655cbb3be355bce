import type { Entry, Part, RuleForm } from './rule-forms.ts'
import { each, fixed, joined, object } from './rule-forms.ts'

/** Who may see a note: everyone; by the first indicator (0 = staff); by it for each `$a` apart, as FOLIO has it for 590. */
type Audience = 'all' | 'by indicator' | 'by indicator, each'

type NoteRow = readonly [tag: string, codes: string, type: string, audience?: Audience]

const NOTES: readonly NoteRow[] = [
  ['255', 'abcdefg', 'Cartographic Mathematical Data'],
  ['500', 'a35', 'General note'],
  ['501', 'a5', 'With note'],
  ['502', 'abcdgo', 'Dissertation note'],
  ['504', 'ab', 'Bibliography note'],
  ['505', 'agrtu', 'Formatted Contents Note'],
  ['506', 'abcdefu235', 'Restrictions on Access note'],
  ['507', 'ab', 'Scale note for graphic material'],
  ['508', 'a', 'Creation / Production Credits note'],
  ['510', 'abcux3', 'Citation / References note'],
  ['511', 'a', 'Participant or Performer note'],
  ['513', 'ab', 'Type of report and period covered note'],
  ['514', 'abcdefghijkmuz', 'Data quality note'],
  ['515', 'a', 'Numbering peculiarities note'],
  ['516', 'a', 'Type of computer file or data note'],
  ['518', 'adop23', 'Date / time and place of an event note'],
  ['520', 'abcu23', 'Summary'],
  ['521', 'ab3', 'Target Audience note'],
  ['522', 'a', 'Geographic Coverage note'],
  ['524', 'a23', 'Preferred Citation of Described Materials note'],
  ['525', 'a', 'Supplement note'],
  ['526', 'abcd5xz', 'Study Program Information note'],
  ['530', 'abcdu3', 'Additional Physical Form Available note'],
  ['532', 'a', 'Accessibility note'],
  ['533', 'abcdefmn35', 'Reproduction note'],
  ['534', 'abcefklmnoptxz3', 'Original Version note'],
  ['535', 'abcdg3', 'Location of Originals / Duplicates note'],
  ['536', 'abcdefgh', 'Funding Information Note'],
  ['538', 'au35', 'System Details note'],
  ['540', 'abcdu35', 'Terms Governing Use and Reproduction note'],
  ['541', 'abcdefhno35', 'Immediate Source of Acquisition note', 'by indicator'],
  ['542', 'abcdefghijklmnopqrsu3', 'Information related to Copyright Status', 'by indicator'],
  ['544', 'abcden3', 'Location of Other Archival Materials note'],
  ['545', 'abu', 'Biographical or Historical Data'],
  ['546', 'ab3', 'Language note'],
  ['547', 'a', 'Former Title Complexity note'],
  ['550', 'a', 'Issuing Body note'],
  ['552', 'abcdefghijklmnopuz', 'Entity and Attribute Information note'],
  ['555', 'abcdu3', 'Cumulative Index / Finding Aids notes'],
  ['556', 'az', 'Information About Documentation note'],
  ['561', 'au35', 'Ownership and Custodial History note', 'by indicator'],
  ['562', 'abcde35', 'Copy and Version Identification note'],
  ['563', 'au35', 'Binding Information note'],
  ['565', 'abcde3', 'Case File Characteristics note'],
  ['567', 'ab2', 'Methodology note'],
  ['580', 'a', 'Linking Entry Complexity note'],
  ['581', 'az3', 'Publications About Described Materials note'],
  ['583', 'abcdefhijklnouxz235', 'Action note', 'by indicator'],
  ['584', 'ab35', 'Accumulation and Frequency of Use note'],
  ['585', 'a35', 'Exhibitions note'],
  ['586', 'a3', 'Awards note'],
  ['588', 'a5', 'Source of Description note'],
  ['590', 'a', 'Local notes', 'by indicator, each']
]

function staffOnly(codes: string, audience: Audience): Part {
  const target = 'notes.staffOnly'
  if (audience === 'all') return fixed(target, codes, 'false')
  const step = 'set_note_staff_only_via_indicator'
  return audience === 'by indicator' ? joined(target, codes, step) : each(target, codes, step)
}

function note([tag, codes, type, audience = 'all']: NoteRow): [string, Entry[]] {
  const group = object(
    joined('notes.instanceNoteTypeId', codes, ['set_note_type_id', { name: type }]),
    joined('notes.note', codes, 'trim_period'),
    staffOnly(codes, audience)
  )
  return [tag, [group]]
}

export const noteRules: RuleForm = Object.fromEntries(NOTES.map(note))
