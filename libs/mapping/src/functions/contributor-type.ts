import { textOf } from '../rules/rules-document.ts'
import { foldCase, javaTrim } from './java-text.ts'
import { oncePerList } from './reference-lists.ts'
import type { BindFunction } from './text-function.ts'
import { always } from './text-function.ts'

interface Match {
  readonly position: number
  readonly id: string | null
}

/** Type names by the three ways a value may fit them, and where the list stops because an entry has no name. */
interface TypeNames {
  readonly dotted: ReadonlyMap<string, Match>
  readonly dottedWithoutPeriod: ReadonlyMap<string, Match>
  readonly undotted: ReadonlyMap<string, Match>
  readonly broken: boolean
}

/** The type by code (`$4`), letter case counting; else by name (`$e`, `$j`), final punctuation and case not counting. */
export const setContributorTypeIdByCodeOrName: BindFunction = (parameter, lists) => {
  const types = lists.list('contributorTypes')
  const codeSubfield = textOf(parameter?.['contributorCodeSubfield'])
  const nameSubfield = textOf(parameter?.['contributorNameSubfield'])
  if (parameter === null) return (text) => text
  if (types === null || types.length === 0 || !codeSubfield || !nameSubfield) return always('')
  const codes = typesByCode(types)
  const names = typesByName(types)
  const codeCode = codeSubfield.charCodeAt(0)
  const nameCode = nameSubfield.charCodeAt(0)
  return (text, { field }) => {
    if (field === null) return text
    for (let i = 0; i < field.size; i++) {
      const match = field.codes[i] === codeCode ? codes.get(field.values[i] ?? '') : undefined
      if (match !== undefined) return match.id
    }
    for (let i = 0; i < field.size; i++) {
      if (field.codes[i] !== nameCode) continue
      const match = fit(names, javaTrim(field.values[i] ?? ''))
      if (match !== undefined) return match.id
      if (names.broken) return text
    }
    return ''
  }
}

const typesByCode = oncePerList((types): ReadonlyMap<string, Match> => {
  const codes = new Map<string, Match>()
  for (const [position, type] of types.entries()) {
    const code = textOf(type?.['code'])
    if (code !== null && !codes.has(code)) codes.set(code, { position, id: textOf(type?.['id']) })
  }
  return codes
})

const typesByName = oncePerList((types): TypeNames => {
  const dotted = new Map<string, Match>()
  const dottedWithoutPeriod = new Map<string, Match>()
  const undotted = new Map<string, Match>()
  const put = (map: Map<string, Match>, name: string, match: Match) => {
    const key = foldCase(name)
    if (!map.has(key)) map.set(key, match)
  }
  for (const [position, type] of types.entries()) {
    const name = textOf(type?.['name'])
    if (name === null) return { dotted, dottedWithoutPeriod, undotted, broken: true }
    const match = { position, id: textOf(type?.['id']) }
    if (name.endsWith('.')) {
      put(dotted, name, match)
      put(dottedWithoutPeriod, name.slice(0, -1), match)
    } else put(undotted, name, match)
  }
  return { dotted, dottedWithoutPeriod, undotted, broken: false }
})

function fit(names: TypeNames, value: string): Match | undefined {
  const key = foldCase(value)
  const end = key.charAt(key.length - 1)
  const withoutEnd = key.slice(0, -1)
  const isPause = end === ',' || end === ';'
  const dotted =
    end === '.' ? names.dotted.get(key) : isPause ? names.dotted.get(withoutEnd) : names.dottedWithoutPeriod.get(key)
  const undotted = names.undotted.get(end === '.' || isPause ? withoutEnd : key)
  if (dotted === undefined || undotted === undefined) return dotted ?? undotted
  return dotted.position < undotted.position ? dotted : undotted
}
