import { textOf } from '../rules/rules-document.ts'
import { javaPattern } from './java-pattern.ts'
import { LOOK_UP_FAILED, lookUp } from './reference-lists.ts'
import type { BindFunction, TextFunction } from './text-function.ts'
import { STUB_ID, always, identity } from './text-function.ts'

/** `names[1]` where the whole text matches `oclc_regex`, else `names[0]`; the type of that name. */
export const setIdentifierTypeIdByValue: BindFunction = (parameter, lists): TextFunction => {
  if (parameter === null) return identity
  const types = lists.list('identifierTypes')
  const names = parameter['names']
  if (types === null || !Array.isArray(names)) return always(STUB_ID)
  const byName = lookUp(types, { property: 'name' })
  const typeOf = (place: number): TextFunction => {
    if (place >= names.length) return identity
    const outcome = byName.find(textOf(names[place]))
    if (outcome === LOOK_UP_FAILED) return identity
    return always(outcome === undefined ? STUB_ID : outcome.id)
  }
  const [plain, matching] = [typeOf(0), typeOf(1)]

  const source = textOf(parameter['oclc_regex'])
  if (source === null) return plain
  const pattern = javaPattern(source)
  if (pattern === null) return identity
  return (text, place) => (text === null ? null : (pattern.test(text) ? matching : plain)(text, place))
}
