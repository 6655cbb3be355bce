import { chunkObjectNames } from '@marc-migrations/domain'
import type { Tombstone } from '@marc-migrations/domain'
import { chunksOf, withoutRow, withRows } from '../state.ts'
import type { At, ModelState, OperationRow, Outcome } from '../state.ts'

const KEYS_PER_TOMBSTONE = 900
const LATEST_LEASE_MS = 60_000
const TAKEN_MS = 60_000

/** Leaves tombstones for what the losing attempts of the ended stage may have written: every epoch but the counted one. */
export function buryLosers(state: ModelState, at: At, operation: OperationRow, leaseMs = LATEST_LEASE_MS): ModelState {
  const { tenant, id: operationId } = operation
  const isSaving = operation.status === 'DATA_SAVING'
  const keys: string[] = []
  for (const chunk of chunksOf(state, operationId)) {
    const step = chunk.stepId === null ? undefined : state.steps[chunk.stepId]
    if (step?.stage !== (isSaving ? 'DATA_SAVING' : 'DATA_MAPPING') || chunk.epoch <= 1) continue
    const winner = isSaving ? chunk.savedEpoch : chunk.fileEpoch
    for (let epoch = isSaving ? (chunk.fileEpoch ?? 0) + 1 : 1; epoch <= chunk.epoch; epoch++) {
      if (epoch === winner) continue
      const names = chunkObjectNames(state.subPath, { operationId, chunkId: chunk.id, stepId: step.id, epoch })
      const { entities, rejected, reasons, retried } = names
      const sent = [retried, `${retried}_failedEntities`, `${retried}_errors`]
      keys.push(...(isSaving ? [rejected, reasons, ...sent] : [entities, rejected, reasons]))
    }
  }
  const tombstones = []
  for (let from = 0; from < keys.length; from += KEYS_PER_TOMBSTONE) {
    const some = keys.slice(from, from + KEYS_PER_TOMBSTONE)
    tombstones.push({ id: at.newId(), tenant, operationId, keys: some, dueAt: at.now + Math.round(leaseMs) })
  }
  return withRows(state, 'tombstones', tombstones)
}

export function takeTombstones(state: ModelState, { now }: At, limit: number): Outcome<readonly Tombstone[]> {
  const due = Object.values(state.tombstones)
    .filter(({ dueAt }) => dueAt <= now)
    .sort((a, b) => a.dueAt - b.dueAt)
    .slice(0, limit)
  const taken = due.map((tombstone) => ({ ...tombstone, dueAt: now + TAKEN_MS }))
  return { state: withRows(state, 'tombstones', taken), answer: due.map(({ id, keys }) => ({ id, keys })) }
}

export function buryTombstone(state: ModelState, _: At, { id }: Tombstone): Outcome<void> {
  return { state: withoutRow(state, 'tombstones', id), answer: undefined }
}
