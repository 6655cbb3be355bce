import { lockKey, withRow } from '../state.ts'
import type { ArmedRow, ModelState, OperationRow, Outcome } from '../state.ts'

/** Taken when it is free, the last fenced saving lease has run out, and nobody who waits longer is there. */
export function takeSaveLock(state: ModelState, now: number, operation: OperationRow): Outcome<boolean> {
  const { tenant, entityType, id } = operation
  const key = lockKey(tenant, entityType)
  const lock = state.saveLocks[key]
  const isOwn = lock?.operationId === id
  if (!isOwn && someoneWaitsLonger(state, operation)) return { state, answer: false }
  const isFree = lock === undefined || (lock.operationId === null && lock.notBefore <= now)
  if (!isOwn && !isFree) return { state, answer: false }
  const taken = { tenant, entityType, operationId: id, takenAt: now, notBefore: lock?.notBefore ?? now }
  return { state: withRow(state, 'saveLocks', key, taken), answer: true }
}

function someoneWaitsLonger(state: ModelState, { tenant, entityType, id }: OperationRow): boolean {
  const mine = state.armed[id]
  if (mine === undefined) return false
  return Object.values(state.armed).some((armed) => {
    const other = state.operations[armed.operationId]
    return (
      armed.tenant === tenant &&
      armed.stage === 'DATA_SAVING' &&
      armed.operationId !== id &&
      other?.tenant === tenant &&
      other.entityType === entityType &&
      other.control === 'run' &&
      other.status === 'DATA_SAVING' &&
      isArmedBefore(armed, mine)
    )
  })
}

const isArmedBefore = (a: ArmedRow, b: ArmedRow): boolean =>
  a.armedAt < b.armedAt || (a.armedAt === b.armedAt && a.operationId < b.operationId)

/** Gives the lock up, if it is this operation's; the next owner starts not before the given time. */
export function releaseSaveLock(
  state: ModelState,
  tenant: string,
  operationId: string,
  fencedUntil: number | null
): ModelState {
  let released = state
  for (const [key, lock] of Object.entries(state.saveLocks)) {
    if (lock.tenant !== tenant || lock.operationId !== operationId) continue
    const notBefore = Math.max(lock.notBefore, fencedUntil ?? -Infinity)
    released = withRow(released, 'saveLocks', key, { ...lock, operationId: null, takenAt: null, notBefore })
  }
  return released
}
