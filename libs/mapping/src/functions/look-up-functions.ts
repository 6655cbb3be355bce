import { textOf } from '../rules/rules-document.ts'
import type { LookUp } from './reference-lists.ts'
import { LOOK_UP_FAILED, lookUp } from './reference-lists.ts'
import type { BindFunction, TextFunction } from './text-function.ts'
import { STUB_ID, always, identity } from './text-function.ts'

type Outcome = ReturnType<LookUp['find']>

/** A constant result of a look-up whose key is known when the rules are compiled. */
function fixed(outcome: Outcome, otherwise: string): TextFunction {
  if (outcome === LOOK_UP_FAILED) return identity
  return always(outcome === undefined ? otherwise : outcome.id)
}

/** The id of a match, or the text itself when the look-up fails. */
function resolve(outcome: Outcome, text: string | null, otherwise: string | null): string | null {
  if (outcome === LOOK_UP_FAILED) return text
  return outcome === undefined ? otherwise : outcome.id
}

interface ByParameter {
  readonly list: string
  /** Parameter that holds the key. */
  readonly parameter: string
  readonly property: string
  readonly trimmed?: boolean
  /** Result when list or key is absent. */
  readonly absent: string
  /** Result when nothing matches. */
  readonly otherwise: string
}

/** Functions whose key is a parameter: their result is known at once. */
function byParameter({ list, parameter, property, trimmed = false, absent, otherwise }: ByParameter): BindFunction {
  return (given, lists) => {
    if (given === null) return identity
    const entries = lists.list(list)
    const key = textOf(given[parameter])
    if (entries === null || key === null) return always(absent)
    return fixed(lookUp(entries, { property, trimmed }).find(key), otherwise)
  }
}

const byName = (list: string, trimmed = false): BindFunction =>
  byParameter({ list, parameter: 'name', property: 'name', trimmed, absent: STUB_ID, otherwise: STUB_ID })

export const setClassificationTypeId = byName('classificationTypes')
export const setContributorNameTypeId = byName('contributorNameTypes')
export const setAlternativeTitleTypeId = byName('alternativeTitleTypes')
export const setAuthorityNoteTypeId = byName('authorityNoteTypes')
export const setIdentifierTypeIdByName = byName('identifierTypes', true)

const bySubjectName = (list: string): BindFunction =>
  byParameter({ list, parameter: 'name', property: 'name', trimmed: true, absent: '', otherwise: '' })

export const setSubjectSourceId = bySubjectName('subjectSources')
export const setSubjectTypeId = bySubjectName('subjectTypes')

export const setAuthorityIdentifierTypeIdByCode = byParameter({
  list: 'authorityIdentifierTypes',
  parameter: 'code',
  property: 'code',
  trimmed: true,
  absent: STUB_ID,
  otherwise: ''
})

export const setNoteTypeId: BindFunction = (parameter, lists) => {
  if (parameter === null) return identity
  const types = lists.list('instanceNoteTypes')
  const name = textOf(parameter['name'])
  if (types === null || name === null) return always(STUB_ID)
  const names = lookUp(types, { property: 'name' })
  return fixed(names.find(name) ?? names.find('General note'), STUB_ID)
}

export const setHoldingsNoteTypeId: BindFunction = (parameter, lists) => {
  if (parameter === null) return identity
  const types = lists.list('holdingsNoteTypes')
  const name = textOf(parameter['name'])
  if (types === null || name === null) return always(STUB_ID)
  let ids = ''
  for (const type of types) {
    const outcome = lookUp([type], { property: 'name' }).find(name)
    if (outcome === LOOK_UP_FAILED) return identity
    ids += outcome?.id ?? ''
  }
  return always(ids)
}

/** The last piece of a text split at `~`, pieces at the end that are empty dropped; undefined when nothing is left. */
function lastPiece(text: string): string | undefined {
  if (text === '') return ''
  let end = text.length
  while (end > 0 && text.charAt(end - 1) === '~') end--
  return end === 0 ? undefined : text.slice(text.lastIndexOf('~', end - 1) + 1, end)
}

export const setInstanceTypeId: BindFunction = (parameter, lists) => {
  const types = lists.list('instanceTypes')
  if (types === null) return always(STUB_ID)
  if (parameter === null) return identity
  const named = types.filter((type) => !isBlankText(type?.['name']) && !isBlankText(type?.['code']))
  const names = lookUp(named, { property: 'name' })
  const codes = lookUp(named, { property: 'code' })
  const find = (key: string | null) => first(names.find(key), codes.find(key))
  const unspecifiedCode = textOf(parameter['unspecifiedInstanceTypeCode'])
  const unspecified = find(unspecifiedCode)
  const otherwise = unspecified === undefined || unspecified === LOOK_UP_FAILED ? STUB_ID : unspecified.id
  return (text, { field }) => {
    if (field === null) return otherwise
    const key = text === null ? undefined : lastPiece(text)
    return key === undefined ? text : resolve(find(key), text, otherwise)
  }
}

function isBlankText(value: unknown): boolean {
  const text = textOf(value)
  return text === null || text.trim() === ''
}

/** The match that stands first in the list. */
function first(a: Outcome, b: Outcome): Outcome {
  if (a === undefined || a === LOOK_UP_FAILED) return b
  if (b === undefined || b === LOOK_UP_FAILED) return a
  return a.position <= b.position ? a : b
}

export const setInstanceFormatId: BindFunction = (_parameter, lists) => {
  const formats = lists.list('instanceFormats')
  if (formats === null) return always('')
  const codes = lookUp(formats, { property: 'code' })
  return (text) => {
    const key = text === null ? undefined : lastPiece(text)
    return key === undefined ? text : resolve(codes.find(key), text, '')
  }
}

export const setContributorTypeId: BindFunction = (_parameter, lists) => {
  const types = lists.list('contributorTypes')
  if (types === null) return always('')
  const codes = lookUp(types, { property: 'code' })
  return (text) => resolve(codes.find(text), text, '')
}

export const setContributorTypeText: BindFunction = (_parameter, lists) => {
  const types = lists.list('contributorTypes')
  if (types === null) return identity
  const codes = lookUp(types, { property: 'code', result: 'name' })
  return (text) => resolve(codes.find(text), text, text)
}

export const setSubjectSourceIdByCode: BindFunction = (_parameter, lists) => {
  const sources = lists.list('subjectSources')
  if (sources === null) return always('')
  const codes = lookUp(sources, { property: 'code', skipLacking: true })
  return (text) => (text === null ? '' : resolve(codes.find(text), text, ''))
}

export const setPermanentLocationId: BindFunction = (_parameter, lists) => {
  const locations = lists.list('locations')
  if (locations === null) return always(STUB_ID)
  const codes = lookUp(locations, { property: 'code', exact: true })
  return (text, { field }) => (field === null || text === null ? STUB_ID : resolve(codes.find(text), text, STUB_ID))
}

const RELATIONSHIPS = ['resource', 'version of resource', 'related resource']

export const setElectronicAccessRelationsId: BindFunction = (_parameter, lists) => {
  const relationships = lists.list('electronicAccessRelationships')
  if (relationships === null) return always(STUB_ID)
  const names = lookUp(relationships, { property: 'name' })
  const byDigit = RELATIONSHIPS.map((name) => names.find(name))
  const otherwise = names.find('no information provided')
  return (text, { field }) => {
    if (field === null) return STUB_ID
    const digit = field.ind2 - 0x30
    return resolve(digit >= 0 && digit < byDigit.length ? byDigit[digit] : otherwise, text, STUB_ID)
  }
}

const CALL_NUMBER_TYPES = [
  'library of congress classification',
  'dewey decimal classification',
  'national library of medicine classification',
  'superintendent of documents classification',
  'shelving control number',
  'title',
  'shelved separately',
  'source specified in subfield $2',
  'other scheme'
]

export const setCallNumberTypeId: BindFunction = (_parameter, lists) => {
  const types = lists.list('callNumberTypes')
  if (types === null) return always('')
  const names = lookUp(types, { property: 'name' })
  const byDigit = CALL_NUMBER_TYPES.map((name) => names.find(name))
  const otherwise = names.find('')
  return (text, { field }) => {
    if (field === null) return ''
    const digit = field.ind1 - 0x30
    return resolve(digit >= 0 && digit < byDigit.length ? byDigit[digit] : otherwise, text, '')
  }
}
