import type { Group, Part, RuleForm } from './rule-forms.ts'
import { each, fixed, joined, object, when } from './rule-forms.ts'

interface Contributor {
  readonly nameType: 'Personal name' | 'Corporate name' | 'Meeting name'
  readonly codes: string
  /** Subfield that names the role: `$e`, for meetings `$j`. */
  readonly role: 'e' | 'j'
}

const PERSON: Contributor = { nameType: 'Personal name', codes: 'abcdfgjklnpqtu', role: 'e' }
const BODY: Contributor = { nameType: 'Corporate name', codes: 'abcdfgklnptu', role: 'e' }
const MEETING: Contributor = { nameType: 'Meeting name', codes: 'abcdfgklnptu', role: 'j' }

const name = (codes: string): Part => joined('contributors.name', codes, 'trim_punctuation')

const authority: Part = { ...each('contributors.authorityId', '9'), applyRulesOnConcatenatedData: true }

/** Set for every field: an empty list of subfields with joined text runs even where nothing is selected. */
const nameType = ({ nameType: type }: Contributor): Part =>
  joined('contributors.contributorNameTypeId', '', ['set_contributor_name_type_id', { name: type }])

const primary = (value: 'true' | 'false'): Part => ({
  ...fixed('contributors.primary', '', value),
  applyRulesOnConcatenatedData: true
})

/** By code in `$4`, else by name; a role that is in neither list stays as text. */
function roleType({ role }: Contributor): Part {
  return {
    ...joined('contributors.contributorTypeId', `4${role}`, [
      'set_contributor_type_id_by_code_or_name',
      { contributorCodeSubfield: '4', contributorNameSubfield: role }
    ]),
    alternativeMapping: { ...each('contributors.contributorTypeText', role), ignoreSubsequentSubfields: true }
  }
}

function mainEntry(contributor: Contributor): Group {
  return object(
    { ...name(contributor.codes), requiredSubfield: ['a'] },
    authority,
    nameType(contributor),
    roleType(contributor),
    primary('true')
  )
}

function addedEntry(contributor: Contributor): Group {
  return object(authority, nameType(contributor), roleType(contributor), primary('false'), name(contributor.codes))
}

/** A name under no authority control; what kind it is only the first indicator says. */
function uncontrolledName(ind1: string, contributor: Contributor): Group {
  return when(`${ind1}*`, object(nameType(contributor), roleType(contributor), primary('false'), name('a')))
}

export const contributorRules: RuleForm = {
  '100': [mainEntry(PERSON)],
  '110': [mainEntry(BODY)],
  '111': [mainEntry(MEETING)],
  '700': [addedEntry(PERSON)],
  '710': [addedEntry(BODY)],
  '711': [addedEntry(MEETING)],
  '720': [uncontrolledName('1', PERSON), uncontrolledName(' ', PERSON), uncontrolledName('2', BODY)]
}
