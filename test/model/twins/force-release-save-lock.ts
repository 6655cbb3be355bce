import type { EntityType } from '@marc-migrations/domain'
import { lockKey, withRow } from '../state.ts'
import type { At, ModelState, Outcome } from '../state.ts'
import { fenceChunks } from './fence-chunks.ts'
import { releaseSaveLock } from './save-lock.ts'

/** @returns the operation that had it; null when nobody had */
export function forceReleaseSaveLock(
  state: ModelState,
  { now }: At,
  tenant: string,
  entityType: EntityType
): Outcome<string | null> {
  const owner = state.saveLocks[lockKey(tenant, entityType)]?.operationId ?? null
  if (owner === null) return { state, answer: null }
  const fenced = fenceChunks(state, now, owner, { stage: 'DATA_SAVING', stayOpen: true })
  const armed = fenced.state.armed[owner]
  const queued = armed === undefined ? fenced.state : withRow(fenced.state, 'armed', owner, { ...armed, armedAt: now })
  return { state: releaseSaveLock(queued, tenant, owner, fenced.answer), answer: owner }
}
