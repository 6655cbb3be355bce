import type { EntityType, RulesTexts } from '@marc-migrations/domain'
import { authorityRules } from './authority-rules.ts'
import { instanceRules } from './instance-rules.ts'
import { authorityIdentifierTypes } from './reference/authority-identifier-types.ts'
import { authorityNoteTypes } from './reference/authority-note-types.ts'
import { authoritySourceFiles } from './reference/authority-source-files.ts'
import { classificationTypes } from './reference/classification-types.ts'
import { contributorNameTypes } from './reference/contributor-name-types.ts'
import { contributorTypes } from './reference/contributor-types.ts'
import { electronicAccessRelationships } from './reference/electronic-access-relationships.ts'
import { identifierTypes } from './reference/identifier-types.ts'
import { instanceDateTypes } from './reference/instance-date-types.ts'
import { instanceFormats } from './reference/instance-formats.ts'
import { instanceNoteTypes } from './reference/instance-note-types.ts'
import { instanceTypes } from './reference/instance-types.ts'
import { issuanceModes } from './reference/issuance-modes.ts'
import type { CodedRow, NamedRow, SourceFileRow, SubjectSourceRow } from './reference/rows.ts'
import { subjectSources } from './reference/subject-sources.ts'
import { subjectTypes } from './reference/subject-types.ts'
import { alternativeTitleTypes } from './reference/title-types.ts'

const authorityParams = {
  authorityIdentifierTypes: authorityIdentifierTypes.map(coded),
  authorityNoteTypes: authorityNoteTypes.map(named),
  authoritySourceFiles: authoritySourceFiles.map(sourceFile)
}

const instanceParams = {
  alternativeTitleTypes: alternativeTitleTypes.map(named),
  classificationTypes: classificationTypes.map(named),
  contributorNameTypes: contributorNameTypes.map(named),
  contributorTypes: contributorTypes.map(coded),
  electronicAccessRelationships: electronicAccessRelationships.map(named),
  identifierTypes: identifierTypes.map(named),
  instanceDateTypes: instanceDateTypes.map(coded),
  instanceFormats: instanceFormats.map(coded),
  instanceNoteTypes: instanceNoteTypes.map(named),
  instanceTypes: instanceTypes.map(coded),
  issuanceModes: issuanceModes.map(named),
  subjectSources: subjectSources.map(coded),
  subjectTypes: subjectTypes.map(named)
}

function named([name, id]: NamedRow) {
  return { id, name }
}

function coded([code, name, id]: CodedRow | SubjectSourceRow) {
  return code === null ? { id, name } : { id, code, name }
}

function sourceFile([codes, name, id]: SourceFileRow) {
  return { id, name, codes: codes.split(' ') }
}

/**
 * Our own rules and reference data, in the form FOLIO's mapping metadata has; the ids are those every FOLIO tenant begins
 * with. What a run without FOLIO maps with, and a start for rules of one's own.
 */
export const defaultRules: Readonly<Record<EntityType, RulesTexts>> = {
  authority: { rules: JSON.stringify(authorityRules), params: JSON.stringify(authorityParams) },
  instance: { rules: JSON.stringify(instanceRules), params: JSON.stringify(instanceParams) }
}
