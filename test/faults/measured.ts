import { test } from 'vitest'
import type { FaultMeta } from './fault.ts'

/** Figures of a run by name; numbers are rounded to three digits. */
export type Figures = Readonly<Record<string, unknown>>

const LIMIT_MS = 900_000
const DIGITS = 3

/**
 * A test whose figures stand in the table of faults.
 *
 * @param name what is done, a colon, what is expected
 * @param run tells its figures before it judges them, so that a failure has them, too
 */
export function measured(name: string, run: (saw: (figures: Figures) => void) => Promise<void>): void {
  test(name, { timeout: LIMIT_MS }, async ({ task }) => {
    const [done = '', expected = ''] = name.replace(/^F\d+ /, '').split(': ')
    const meta: FaultMeta = { done, expected, seen: [] }
    task.meta.fault = meta
    await run((figures) => meta.seen.push(...Object.entries(figures).map(([key, value]) => `${key} ${textOf(value)}`)))
  })
}

function textOf(value: unknown): string {
  if (typeof value === 'number') return String(Number(value.toPrecision(DIGITS)))
  if (Array.isArray(value)) return value.map(textOf).join(' and ')
  if (typeof value !== 'object' || value === null) return String(value)
  return Object.entries(value)
    .map(([key, part]) => `${key} ${textOf(part)}`)
    .join(', ')
}
