import { MigrationError } from '@marc-migrations/domain'
import type { Operation, OperationDraft } from '@marc-migrations/domain'
import { operationOf, toOperation, withRow } from '../state.ts'
import type { At, ModelState, OperationRow, Outcome } from '../state.ts'
import { armStage } from './arm-stage.ts'

const LAST_POSITION = 1_000_000_000_000_000
const KEY_HOLDS_MS = 24 * 3_600_000

/** @throws {MigrationError} IDEMPOTENCY_KEY_REUSED when the key stands for another request */
export function startOperation(state: ModelState, at: At, draft: OperationDraft): Outcome<Operation> {
  const key = draft.idempotencyKey === undefined ? null : `${draft.tenant}/${draft.idempotencyKey}`
  const used = key === null ? undefined : state.idempotencyKeys[key]
  if (used !== undefined && used.createdAt >= at.now - KEY_HOLDS_MS) {
    const found = state.operations[used.operationId]
    if (found === undefined || !asksTheSame(draft, found)) throw new MigrationError('IDEMPOTENCY_KEY_REUSED', { key })
    return { state, answer: toOperation(state, found) }
  }
  const { id, tenant } = draft
  if (state.operations[id] !== undefined) throw new Error('duplicate key of an operation')
  const rangeId = at.newId()
  let started = withRow(state, 'operations', id, newOperation(draft, at.now))
  started = withRow(started, 'reports', id, { status: 'NOT_STARTED', startedAt: null, finishedAt: null })
  started = withRow(started, 'ranges', rangeId, {
    id: rangeId,
    operationId: id,
    from: null,
    to: null,
    cursor: null,
    nextPosition: 0,
    endPosition: LAST_POSITION,
    epoch: 0,
    leaseOwner: null,
    leaseUntil: null,
    done: false
  })
  started = armStage(started, at.now, tenant, id, 'DATA_MAPPING')
  if (draft.headers !== undefined) started = withRow(started, 'secrets', id, draft.headers)
  if (key !== null) started = withRow(started, 'idempotencyKeys', key, { operationId: id, createdAt: at.now })
  return { state: started, answer: toOperation(started, newOperation(draft, at.now)) }
}

function newOperation(draft: OperationDraft, now: number): OperationRow {
  const { id, tenant, userId, entityType, operationType, source, totalRecords } = draft
  return {
    id,
    tenant,
    userId,
    entityType,
    operationType,
    status: 'NEW',
    control: 'run',
    stopReason: null,
    totalRecords,
    mappedRecords: 0,
    rejectedRecords: 0,
    savedRecords: 0,
    driftRecords: 0,
    chunkingSealed: false,
    rulesHash: null,
    source,
    publishEvents: true,
    silentSince: null,
    createdAt: now,
    startTimeMapping: null,
    endTimeMapping: null,
    startTimeSaving: null,
    endTimeSaving: null
  }
}

function asksTheSame(draft: OperationDraft, found: OperationRow): boolean {
  return (
    draft.entityType === found.entityType &&
    draft.operationType === found.operationType &&
    draft.source?.name === found.source?.name &&
    draft.source?.format === found.source?.format
  )
}

export function getOperation(state: ModelState, _: At, tenant: string, id: string): Outcome<Operation | null> {
  const row = operationOf(state, tenant, id)
  return { state, answer: row === null ? null : toOperation(state, row) }
}

/** The seal knows better: it has the sum of the chunk rows. */
export function setTotal(state: ModelState, _: At, tenant: string, id: string, totalRecords: number): Outcome<void> {
  const row = operationOf(state, tenant, id)
  if (row === null || row.chunkingSealed) return { state, answer: undefined }
  return { state: withRow(state, 'operations', id, { ...row, totalRecords }), answer: undefined }
}
