import type { ObjectStore } from '@marc-migrations/domain'
import { readLines } from './entity-file.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** One line of a reasons file: `<id>,<message>`, or a text without an id. */
export interface ReasonLine {
  readonly id: string | null
  readonly line: string
}

export function parseReason(line: string): ReasonLine {
  const id = line.slice(0, Math.max(0, line.indexOf(','))).trim()
  return { id: UUID.test(id) ? id.toLowerCase() : null, line }
}

/** An entity line's own id; undefined for a line that is no JSON object. */
export function entityId(line: string): string | undefined {
  try {
    const { id } = JSON.parse(line) as { id?: unknown }
    return typeof id === 'string' ? id.toLowerCase() : undefined
  } catch {
    return undefined
  }
}

/**
 * Entity lines whose id a reasons file names, in their order. Ids are compared as ids: a line that merely mentions one is not meant.
 *
 * @returns none when the file is not there, or names none of them
 */
export async function failedLines(
  lines: readonly string[],
  reasonsKey: string,
  objects: ObjectStore,
  signal: AbortSignal
): Promise<readonly string[]> {
  const reasons = (await readLines(objects, reasonsKey, signal)) ?? []
  const ids = new Set(reasons.map((line) => parseReason(line).id))
  ids.delete(null)
  if (ids.size === 0) return []
  return lines.filter((line) => ids.has(entityId(line) ?? ''))
}
