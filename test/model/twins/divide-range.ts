import type { SplitRange } from '@marc-migrations/domain'
import { operationOf, withRow, withRows } from '../state.ts'
import type { At, ModelState, Outcome, RangeRow } from '../state.ts'
import { maySplit } from './commit-page.ts'
import { sealOperation } from './seal-operation.ts'

const POSITIONS_PER_PART = 1_000_000_000

export function divideRange(
  state: ModelState,
  at: At,
  tenant: string,
  range: SplitRange,
  cursor: string,
  parts: readonly { readonly from: string; readonly to: string | null }[]
): Outcome<'divided' | 'fenced'> {
  const { operationId } = range
  const operation = operationOf(state, tenant, operationId)
  const row = state.ranges[range.id]
  if (operation === null || !maySplit(operation) || row?.epoch !== range.epoch || row.done) {
    return { state, answer: 'fenced' }
  }
  const first = row.nextPosition
  const ended = { ...row, cursor, done: true, to: cursor, endPosition: first, leaseOwner: null, leaseUntil: null }
  const each = Math.min(POSITIONS_PER_PART, Math.floor((row.endPosition - first) / Math.max(1, parts.length)))
  const rows = parts.map(({ from, to }, place): RangeRow => {
    const nextPosition = first + place * each
    const fresh = { cursor: null, epoch: 0, leaseOwner: null, leaseUntil: null, done: false }
    return { id: at.newId(), operationId, from, to, nextPosition, endPosition: nextPosition + each, ...fresh }
  })
  const divided = withRows(withRow(state, 'ranges', row.id, ended), 'ranges', rows)
  return { state: sealOperation(divided, operationId).state, answer: 'divided' }
}
