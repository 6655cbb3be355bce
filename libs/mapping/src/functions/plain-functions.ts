import { javaTrim, numericValue, titleUnit } from './java-text.ts'
import type { BindFunction, Parameter, TextFunction } from './text-function.ts'
import { identity } from './text-function.ts'
import { textOf } from '../rules/rules-document.ts'

/** An integer parameter; decimals are cut. Null when it is missing or no number. */
function integer(parameter: Parameter, name: string): number | null {
  const value = parameter[name]
  return typeof value === 'number' ? Math.trunc(value) : null
}

export const charSelect: BindFunction = (parameter) => {
  const from = parameter === null ? null : integer(parameter, 'from')
  const to = parameter === null ? null : integer(parameter, 'to')
  if (to === null) return (text) => text ?? ''
  return (text) => {
    // One character more than is taken must be there; FOLIO checks it so.
    if (text === null || text.length < to + 1) return ''
    return from === null || from < 0 || from > to ? text : text.slice(from, to)
  }
}

export const removeEndingPunctuation: BindFunction = () => (text) =>
  text !== null && text !== '' && ';:,/+= '.includes(text.charAt(text.length - 1)) ? text.slice(0, -1) : text

export const trim: BindFunction = () => (text) => (text === null ? null : javaTrim(text))

export const trimPeriod: BindFunction = () => (text) => (text?.endsWith('.') === true ? text.slice(0, -1) : text)

const LINE_BREAK = /[\n\r\u0085\u2028\u2029]/
const ENDS_WITH_INITIAL = /[ \t\v\f].\.$/u
const ENDS_WITH_INITIAL_AND_COMMA = /[ \t\v\f].,\.$/u

export const trimPunctuation: BindFunction = () => (text) => {
  if (text === null) return null
  const trimmed = javaTrim(text)
  if (!LINE_BREAK.test(trimmed)) {
    if (ENDS_WITH_INITIAL.test(trimmed) || trimmed.endsWith('-')) return trimmed
    if (ENDS_WITH_INITIAL_AND_COMMA.test(trimmed)) return `${trimmed.slice(0, -2)}.`
  }
  return trimmed.endsWith('.') || trimmed.endsWith(',') ? trimmed.slice(0, -1) : trimmed
}

export const removeSubstring: BindFunction = (parameter) => {
  const substring = textOf(parameter?.['substring'])
  return substring === null || substring === '' ? identity : (text) => text?.replaceAll(substring, '') ?? null
}

export const removePrefixByIndicator: BindFunction =
  () =>
  (text, { field }) => {
    if (text === null || field === null) return text
    const length = numericValue(field.ind2)
    // Every occurrence of the prefix goes, not the first alone; FOLIO's index titles show it.
    return length > 0 && length < text.length ? text.replaceAll(text.slice(0, length), '') : text
  }

export const capitalize: BindFunction = () => (text) =>
  text === null || text === '' ? text : titleUnit(text.charAt(0)) + text.slice(1)

const PUBLISHER_ROLES = ['Production', 'Publication', 'Distribution', 'Manufacture']

export const setPublisherRole: BindFunction =
  () =>
  (text, { field }) =>
    field === null ? text : (PUBLISHER_ROLES[numericValue(field.ind2)] ?? '')

export const setDeleted: BindFunction = () => (text) =>
  text === null || text.length < 6 ? text : String(text.charAt(5) === 'd')

export const setNoteStaffOnlyViaIndicator: BindFunction =
  () =>
  (text, { field }) =>
    field === null ? text : String(field.ind1 === 0x30)

export const setHeadingTypeByName: BindFunction = (parameter) => {
  if (parameter === null) return identity
  const name = textOf(parameter['name'])
  return () => name
}

export const concatSubfieldsByName: BindFunction = (parameter): TextFunction => {
  const wanted = parameter?.['subfieldsToConcat']
  if (!Array.isArray(wanted)) return identity
  const concat = wanted.map(codeElement)
  const stopList = parameter?.['subfieldsToStopConcat']
  const stops = Array.isArray(stopList) ? stopList.map(codeElement) : []
  return (text, { field }) => {
    if (text === null || field === null || field.size === 0) return text
    const { codes, values, size } = field
    let start = 0
    while (start < size && values[start] !== text) start++
    if (start === size) start = 0
    let end = start + 1
    while (end < size && codes[end] !== codes[start] && !stops.includes(codes[end] ?? -1)) end++
    let joined = text
    for (const code of concat) {
      for (let i = start; i < end; i++) if (codes[i] === code) joined += ` ${values[i] ?? ''}`
    }
    return joined
  }
}

function codeElement(element: unknown): number {
  return typeof element === 'string' && element.length === 1 ? element.charCodeAt(0) : -1
}
