import type { ModelState } from './state.ts'

/** State and answer of a verb, as one value that can be compared. */
export interface Result {
  readonly state: ModelState
  readonly answer: unknown
}

/** A millisecond for the database's microseconds, one more for what passes through a Date. */
const TOLERANCE_MS = 2

/** Fields that follow the clock or the dice: they have to lie between what the earliest and the latest moment give. */
const MOVING = /(At|Until|Since|Before|ForMs)$|^(start|end)Time|^tokens$/

/**
 * Where the result differs from its twin's, whose two values were taken at the beginning of the call with the lowest throw of
 * the dice, and at its end with the highest.
 */
export function differences(before: ModelState, low: Result, high: Result, actual: Result): string[] {
  const renamed = withNamesOf(before, low, actual)
  return compare(plain(low), plain(high), plain(renamed), '')
}

function compare(low: unknown, high: unknown, actual: unknown, path: string): string[] {
  if (isObject(low) && isObject(high) && isObject(actual)) {
    const keys = new Set([...Object.keys(low), ...Object.keys(actual)])
    return [...keys].flatMap((key) => compare(low[key], high[key], actual[key], `${path}/${key}`))
  }
  const field = path.slice(path.lastIndexOf('/') + 1)
  if (typeof low === 'number' && typeof high === 'number' && typeof actual === 'number' && MOVING.test(field)) {
    const from = Math.min(low, high) - TOLERANCE_MS
    const to = Math.max(low, high) + TOLERANCE_MS
    return actual >= from && actual <= to ? [] : [`${path}: ${actual}, not within ${from} and ${to}`]
  }
  return Object.is(low, actual) ? [] : [`${path}: ${JSON.stringify(actual)} instead of ${JSON.stringify(low)}`]
}

/** True when a limit of the protocol fell between the two moments: what the database then answers proves nothing. */
export function isUndecided(low: Result, high: Result): boolean {
  const fixed = (result: Result) => JSON.stringify(plain(result), (key, value: unknown) => (MOVING.test(key) ? null : value))
  return fixed(low) !== fixed(high)
}

/** Dates in ms, absent as absent; rows and lists in an order that no statement promises. */
function plain({ state, answer }: Result): Record<string, unknown> {
  const tombstones = Object.values(state.tombstones).map((one) => ({ ...one, keys: [...one.keys].sort() }))
  const sorted = { ...state, tombstones: Object.fromEntries(tombstones.map((one) => [one.id, one])) }
  const listed = Array.isArray(answer) ? (answer as readonly unknown[]).toSorted(byText) : answer
  const text = JSON.stringify(
    { state: sorted, answer: listed ?? null },
    function (this: Record<string, unknown>, key, value) {
      const held = this[key]
      if (held instanceof Date) return held.getTime()
      return isObject(value)
        ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
        : (value as unknown)
    }
  )
  return JSON.parse(text) as Record<string, unknown>
}

const byText = (a: unknown, b: unknown): number => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null

/** Rows that the verb made have ids of the database's own: they get those of the twin, the n-th new row that of its n-th. */
function withNamesOf(before: ModelState, twin: Result, actual: Result): Result {
  let text = JSON.stringify({ state: actual.state, answer: actual.answer ?? null })
  const names = newRows(before, twin.state)
  newRows(before, actual.state).forEach((id, i) => (text = text.replaceAll(id, names[i] ?? id)))
  return JSON.parse(text, (key, value: unknown) =>
    MOVING.test(key) && typeof value === 'string' ? Date.parse(value) : value
  ) as Result
}

function newRows(before: ModelState, { steps, ranges, tombstones }: ModelState): readonly string[] {
  const isNew = (of: object) => (row: { readonly id: string }) => !(row.id in of)
  const byKeys = (keys: readonly string[]) => [...keys].sort().join()
  return [
    ...Object.values(steps)
      .filter(isNew(before.steps))
      .sort((a, b) => (a.chunkId < b.chunkId ? -1 : 1)),
    ...Object.values(ranges)
      .filter(isNew(before.ranges))
      .sort((a, b) => a.nextPosition - b.nextPosition),
    ...Object.values(tombstones)
      .filter(isNew(before.tombstones))
      .sort((a, b) => (byKeys(a.keys) < byKeys(b.keys) ? -1 : 1))
  ].map(({ id }) => id)
}
