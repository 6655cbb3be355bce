import { LOOK_UP_FAILED, lookUp } from './reference-lists.ts'
import type { LookUp } from './reference-lists.ts'
import type { BindFunction } from './text-function.ts'

/** Result of a look-up by name with a second name for what the list lacks. */
type Outcome = ReturnType<LookUp['find']>

export const setDateTypeId: BindFunction = (_parameter, lists) => {
  const types = lists.list('instanceDateTypes')
  if (types === null || types.length === 0) return () => ''
  const unknown = lookUp(types, { property: 'name' }).find('No attempt to code')
  const codes = lookUp(types, { property: 'code' })
  return (text) => {
    if (text === null || text.length < 7) return ''
    if (unknown === LOOK_UP_FAILED) return text
    const found = codes.find(text.charAt(6))
    if (found === LOOK_UP_FAILED) return text
    return (found ?? unknown)?.id ?? ''
  }
}

const ISSUANCE_MODES: Readonly<Record<string, string>> = {
  a: 'single unit',
  c: 'single unit',
  d: 'single unit',
  m: 'single unit',
  b: 'serial',
  s: 'serial',
  i: 'integrating resource'
}

export const setIssuanceModeId: BindFunction = (_parameter, lists) => {
  const modes = lists.list('issuanceModes')
  if (modes === null || modes.length === 0) return (text) => (text === null || text.length < 8 ? text : '')
  const names = lookUp(modes, { property: 'name' })
  const unspecified = names.find('unspecified')
  const byLetter = new Map<string, Outcome>(
    Object.entries(ISSUANCE_MODES).map(([letter, name]) => [letter, names.find(name) ?? unspecified])
  )
  return (text) => {
    if (text === null || text.length < 8 || unspecified === LOOK_UP_FAILED) return text
    const letter = text.charAt(7)
    const found = byLetter.has(letter) ? byLetter.get(letter) : unspecified
    return found === LOOK_UP_FAILED ? text : (found?.id ?? '')
  }
}

const HOLDINGS_TYPES: Readonly<Record<string, string>> = { v: 'multi-part monograph', x: 'monograph', y: 'serial' }

export const setHoldingsTypeId: BindFunction = (_parameter, lists) => {
  const types = lists.list('holdingsTypes')
  if (types === null || types.length === 0) return (text) => (text === null || text.length < 7 ? text : '')
  const names = lookUp(types, { property: 'name' })
  return (text) => {
    if (text === null || text.length < 7) return text
    const found = names.find(HOLDINGS_TYPES[text.charAt(6)] ?? 'unknown')
    return found === LOOK_UP_FAILED ? text : (found?.id ?? '')
  }
}
