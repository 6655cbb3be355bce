import { compileMapping } from '@marc-migrations/mapping'
import type { Mapper } from '@marc-migrations/mapping'

/** A data field as `100 1# $a Doe, John $d 1900`, a control field as `001 n 12`; `#` is a blank indicator. */
export function fieldOf(text: string): unknown {
  const tag = text.slice(0, 3)
  if (!/^... .. ?\$/.test(text)) return { [tag]: text.slice(4) }
  const indicator = (at: number) => text.charAt(at).replace('#', ' ')
  const subfields = text
    .slice(6)
    .split(/ ?\$(?=[A-Za-z0-9] )/)
    .slice(1)
    .map((part) => ({ [part.charAt(0)]: part.slice(2) }))
  return { [tag]: { ind1: indicator(4), ind2: indicator(5), subfields } }
}

export function marcOf(fields: readonly string[], leader = '01234nz  a2200289n  4500'): string {
  return JSON.stringify({ leader, fields: fields.map(fieldOf) })
}

/** The mapper's result without what is empty; undefined for nothing. */
export function mapOne(
  fields: readonly string[],
  rules: unknown,
  { mapper = 'authority', params = {} }: { mapper?: Mapper; params?: unknown } = {}
): unknown {
  const entityType = mapper === 'instance' ? 'instance' : 'authority'
  const mapping = compileMapping({ entityType, mapper, rules: JSON.stringify(rules), params: JSON.stringify(params) })
  const entity = mapping.mapBare(marcOf(fields))
  if (entity === null) return undefined
  return Object.fromEntries(
    Object.entries(entity as object).filter(([, value]) => !(Array.isArray(value) && value.length === 0))
  )
}
