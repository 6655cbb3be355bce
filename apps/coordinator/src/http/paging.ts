import { entityTypes } from '@marc-migrations/domain'
import type { EntityType } from '@marc-migrations/domain'
import { illegalArgument, outOfRange, typeMismatch } from './api-error.ts'

export type Query = Readonly<Record<string, unknown>>

export interface Page {
  readonly offset: number
  readonly limit: number
}

const MAX_INT = 2_147_483_647

/**
 * @param method name of the Java method that the message of a violated bound begins with
 * @param maxOffset 1000 where the contract caps it
 */
export function pageOf(query: Query, method: string, maxOffset = 1000): Page {
  const offset = integerOf(query, 'offset', 0)
  const limit = integerOf(query, 'limit', 100)
  const violations = [...bounds(`${method}.offset`, offset, maxOffset), ...bounds(`${method}.limit`, limit, 1000)]
  if (violations.length > 0) throw outOfRange(violations)
  if (limit === 0) throw illegalArgument('Limit cannot be negative or zero: 0')
  return { offset, limit }
}

/** The filter of the list in any letter case; an empty one filters nothing. */
export function entityTypeOf(query: Query): EntityType | undefined {
  const text = firstOf(query, 'entityType')
  if (text === undefined) return undefined
  const found = entityTypes.find((type) => type === text.toLowerCase())
  if (found !== undefined) return found
  throw typeMismatch('entityType', 'org.folio.marc.migrations.domain.dto.EntityType', `Unexpected value '${text}'`)
}

/** First value of a query parameter, spaces around it dropped; undefined when it is absent or empty. */
export function firstOf(query: Query, name: string): string | undefined {
  const value = query[name]
  const first: unknown = Array.isArray(value) ? value[0] : value
  if (typeof first !== 'string' || first.trim() === '') return undefined
  return first.trim()
}

function integerOf(query: Query, name: string, fallback: number): number {
  const text = firstOf(query, name)
  if (text === undefined) return fallback
  const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN
  if (Math.abs(value) <= MAX_INT) return value
  throw typeMismatch(name, 'java.lang.Integer', `For input string: "${text}"`)
}

function bounds(path: string, value: number, max: number): string[] {
  if (value > max) return [`${path} must be less than or equal to ${max}`]
  if (value < 0) return [`${path} must be greater than or equal to 0`]
  return []
}
