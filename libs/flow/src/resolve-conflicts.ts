import { isDeepStrictEqual } from 'node:util'
import { MigrationError } from '@marc-migrations/domain'
import type { EntitySink, EntityType, ObjectStore, SinkRequest } from '@marc-migrations/domain'
import { readLines } from './entity-file.ts'
import { entityId, parseReason } from './failed-lines.ts'

/**
 * How FOLIO's storage modules call a version that is not the stored one.
 *
 * @see mod-entities-links OptimisticLockingException; mod-inventory-storage, trigger of optimistic locking
 */
const VERSION_CONFLICT = /optimistic locking/i

/** What a storage module does not take from a saved instance: it keeps its own, or drops it. */
const NOT_STORED: Readonly<Record<EntityType, ReadonlySet<string>>> = {
  authority: new Set(['_version']),
  instance: new Set([
    '_version',
    'parentInstances',
    'childInstances',
    'isBoundWith',
    'discoverySuppress',
    'staffSuppress',
    'deleted',
    'catalogedDate',
    'statusUpdatedDate',
    'statusId',
    'dates',
    'tags',
    'statisticalCodeIds',
    'administrativeNotes',
    'natureOfContentTermIds',
    'previouslyHeld'
  ])
}

/** A record that was not saved, with the line that says why. */
export interface LeftRecord {
  readonly line: string
  readonly reason: string
}

/**
 * Decides what a call did that was made more than once: a version conflict on a record that the storage holds exactly as it was sent is
 * the trace of the first call, not a failure.
 *
 * @returns records that were not saved; null when no reason is a version conflict, so that the answer stands as it is
 */
export async function resolveConflicts(
  sentKey: string,
  reasonsKey: string,
  request: SinkRequest,
  ports: { readonly objects: ObjectStore; readonly sink: EntitySink },
  signal: AbortSignal
): Promise<readonly LeftRecord[] | null> {
  const reasons = (await readLines(ports.objects, reasonsKey, signal))?.map(parseReason) ?? []
  const conflicts = reasons.flatMap(({ id, line }) => (id !== null && VERSION_CONFLICT.test(line) ? [id] : []))
  if (conflicts.length === 0) return null
  const sent = new Map<string, string>()
  for (const line of (await readLines(ports.objects, sentKey, signal)) ?? []) sent.set(entityId(line) ?? '', line)
  const stored = await readBack(ports.sink, request, conflicts, signal)
  const conflicting = new Set(conflicts)
  return reasons.flatMap(({ id, line: reason }): readonly LeftRecord[] => {
    const line = sent.get(id ?? '') ?? ''
    if (id === null || !conflicting.has(id)) return [{ line, reason }]
    if (isStored(line, stored.get(id), request.entityType)) return []
    return [{ line, reason: `${id},SAVE_OUTCOME_UNKNOWN: a call without an answer may have been applied; ${reason}` }]
  })
}

/** Whoever may not read back knows nothing: then no conflict can be shown to be a saving. */
async function readBack(
  sink: EntitySink,
  request: SinkRequest,
  ids: readonly string[],
  signal: AbortSignal
): ReturnType<EntitySink['stored']> {
  try {
    return await sink.stored(request, ids, signal)
  } catch (error) {
    const status = error instanceof MigrationError && error.code === 'SINK_UNAVAILABLE' ? error.facts['status'] : undefined
    if (typeof status !== 'number' || status < 400 || status > 499) throw error
    return new Map()
  }
}

/** Every property of the line is stored as it was sent; an empty list and none are the same. */
function isStored(line: string, stored: Readonly<Record<string, unknown>> | undefined, entityType: EntityType): boolean {
  if (stored === undefined || line === '') return false
  const sent = JSON.parse(line) as Record<string, unknown>
  return Object.entries(sent).every(
    ([name, value]) => NOT_STORED[entityType].has(name) || isDeepStrictEqual(fullOf(stored[name]), fullOf(value))
  )
}

function fullOf(value: unknown): unknown {
  return Array.isArray(value) && value.length === 0 ? undefined : value
}
