import { setDateTypeId, setHoldingsTypeId, setIssuanceModeId } from './coded-position-functions.ts'
import { setContributorTypeIdByCodeOrName } from './contributor-type.ts'
import { setIdentifierTypeIdByValue } from './identifier-type-by-value.ts'
import * as found from './look-up-functions.ts'
import * as plain from './plain-functions.ts'
import type { ReferenceLists } from './reference-lists.ts'
import type { BindFunction, Parameter, TextFunction } from './text-function.ts'
import { identity } from './text-function.ts'

/** Every normalization function by the name rules call it, in lower case. `custom` and `split_every` are no part of it. */
const FUNCTIONS: ReadonlyMap<string, BindFunction> = new Map([
  ['char_select', plain.charSelect],
  ['remove_ending_punc', plain.removeEndingPunctuation],
  ['trim', plain.trim],
  ['trim_period', plain.trimPeriod],
  ['trim_punctuation', plain.trimPunctuation],
  ['remove_substring', plain.removeSubstring],
  ['remove_prefix_by_indicator', plain.removePrefixByIndicator],
  ['capitalize', plain.capitalize],
  ['concat_subfields_by_name', plain.concatSubfieldsByName],
  ['set_publisher_role', plain.setPublisherRole],
  ['set_deleted', plain.setDeleted],
  ['set_heading_type_by_name', plain.setHeadingTypeByName],
  ['set_note_staff_only_via_indicator', plain.setNoteStaffOnlyViaIndicator],
  ['set_date_type_id', setDateTypeId],
  ['set_issuance_mode_id', setIssuanceModeId],
  ['set_holdings_type_id', setHoldingsTypeId],
  ['set_instance_type_id', found.setInstanceTypeId],
  ['set_instance_format_id', found.setInstanceFormatId],
  ['set_classification_type_id', found.setClassificationTypeId],
  ['set_contributor_name_type_id', found.setContributorNameTypeId],
  ['set_alternative_title_type_id', found.setAlternativeTitleTypeId],
  ['set_identifier_type_id_by_name', found.setIdentifierTypeIdByName],
  ['set_identifier_type_id_by_value', setIdentifierTypeIdByValue],
  ['set_authority_identifier_type_id_by_code', found.setAuthorityIdentifierTypeIdByCode],
  ['set_note_type_id', found.setNoteTypeId],
  ['set_authority_note_type_id', found.setAuthorityNoteTypeId],
  ['set_holdings_note_type_id', found.setHoldingsNoteTypeId],
  ['set_contributor_type_id', found.setContributorTypeId],
  ['set_contributor_type_text', found.setContributorTypeText],
  ['set_contributor_type_id_by_code_or_name', setContributorTypeIdByCodeOrName],
  ['set_electronic_access_relations_id', found.setElectronicAccessRelationsId],
  ['set_subject_source_id', found.setSubjectSourceId],
  ['set_subject_source_id_by_code', found.setSubjectSourceIdByCode],
  ['set_subject_type_id', found.setSubjectTypeId],
  ['set_call_number_type_id', found.setCallNumberTypeId],
  ['set_permanent_location_id', found.setPermanentLocationId]
])

/** Binds a function by name, letter case not counting; an unknown name gives its input. */
export function bindFunction(name: string, parameter: Parameter | null, lists: ReferenceLists): TextFunction {
  return FUNCTIONS.get(name.toLowerCase())?.(parameter, lists) ?? identity
}
