import type { SplitRange } from '@marc-migrations/domain'
import { isLeaseFree, operationOf, rangesOf, withRow } from '../state.ts'
import type { At, ModelState, Outcome } from '../state.ts'

export function claimRange(
  state: ModelState,
  { now }: At,
  tenant: string,
  operationId: string,
  owner: string,
  leaseMs: number
): Outcome<SplitRange | null> {
  const operation = operationOf(state, tenant, operationId)
  const runs = operation?.control === 'run' && (operation.status === 'NEW' || operation.status === 'DATA_MAPPING')
  if (!runs) return { state, answer: null }
  const [range] = rangesOf(state, operationId)
    .filter((one) => !one.done && isLeaseFree(one, now))
    .sort((a, b) => a.nextPosition - b.nextPosition)
  if (range === undefined) return { state, answer: null }
  const taken = { ...range, epoch: range.epoch + 1, leaseOwner: owner, leaseUntil: now + Math.round(leaseMs) }
  const { id, from, to, cursor, nextPosition: firstPosition, epoch } = taken
  return { state: withRow(state, 'ranges', id, taken), answer: { id, operationId, from, to, cursor, firstPosition, epoch } }
}

export function releaseRange(state: ModelState, _: At, _tenant: string, range: SplitRange): Outcome<void> {
  const row = state.ranges[range.id]
  if (row?.epoch !== range.epoch || row.done) return { state, answer: undefined }
  const released = { ...row, leaseOwner: null, leaseUntil: null }
  return { state: withRow(state, 'ranges', range.id, released), answer: undefined }
}
