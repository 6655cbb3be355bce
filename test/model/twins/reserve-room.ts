import type { ArmedStage } from '@marc-migrations/domain'
import { chunksOf, lockKey, operationOf, withRow } from '../state.ts'
import type { ArmedRow, At, ModelState, NodeRow, OperationRow, Outcome } from '../state.ts'
import { dueChunks } from './mark-published.ts'

interface Demand {
  readonly outstanding: number
  readonly due: number
}

export function demandOf(
  state: ModelState,
  { now }: At,
  { tenant, operationId }: ArmedStage,
  limit: number
): Outcome<Demand> {
  const operation = operationOf(state, tenant, operationId)
  const due = operation === null || !couldPublish(state, operation, now) ? [] : dueChunks(state, operation, now)
  const answer = { outstanding: outstandingOf(state, operationId), due: Math.min(limit, due.length) }
  const armed = state.armed[operationId]
  return { state: armed === undefined ? state : withRow(state, 'armed', operationId, { ...armed, ...answer }), answer }
}

function couldPublish(state: ModelState, operation: OperationRow, now: number): boolean {
  if (operation.control !== 'run') return false
  if (operation.status === 'DATA_MAPPING') return operation.rulesHash !== null
  const lock = state.saveLocks[lockKey(operation.tenant, operation.entityType)]
  return lock === undefined || lock.operationId === operation.id || (lock.operationId === null && lock.notBefore <= now)
}

const outstandingOf = (state: ModelState, operationId: string): number =>
  chunksOf(state, operationId).filter(({ nextAttemptAt, publishedAt }) => nextAttemptAt !== null && publishedAt !== null)
    .length

const GRANT_MS = 10_000
const WORKER_SEEN_MS = 30_000
const SMALLEST_WINDOW = 8
const WINDOW_WITHOUT_WORKERS = 16

/** Room in the window for one operation: shared by tenants, then by their operations; what one does not need goes to others. */
export function reserveRoom(
  state: ModelState,
  { now }: At,
  { operationId }: ArmedStage,
  { due }: Pick<Demand, 'due'>
): Outcome<number> {
  const seen = state.armed[operationId]
  if (seen === undefined) return { state, answer: 0 }
  const standing = standingOf(seen, now)
  const armed = { ...seen, outstanding: outstandingOf(state, operationId), due }
  const noted = withRow(state, 'armed', operationId, armed)
  if (due === 0 || state.settings.paused) return { state: noted, answer: 0 }
  const all = Object.values(noted.armed)
  const room = roomFor(liveWorkers(noted, now))
  const taken = sum(all.map((row) => row.outstanding + standingOf(row, now)))
  const wanted = Math.min(
    Math.ceil(ownShare(all, armed.tenant, room)) - armed.outstanding - standing,
    room - taken,
    due - standing
  )
  const tokens = wanted > 0 ? takeTokens(noted, now, wanted) : { state: noted, answer: 0 }
  const granted = tokens.answer
  const reservedAt = standing > 0 ? seen.reservedAt : granted > 0 ? now : null
  const reserved = withRow(tokens.state, 'armed', operationId, { ...armed, reserved: standing + granted, reservedAt })
  return { state: reserved, answer: granted }
}

/** A grant that is not used within ten seconds is void: its coordinator is dead. */
const standingOf = ({ reserved, reservedAt }: ArmedRow, now: number): number =>
  reservedAt !== null && reservedAt > now - GRANT_MS ? reserved : 0

function liveWorkers(state: ModelState, now: number): readonly NodeRow[] {
  return Object.values(state.nodes).filter(
    ({ kind, leftAt, crashedAt, lastSeenAt }) =>
      kind !== 'coordinator' && leftAt === null && crashedAt === null && lastSeenAt >= now - WORKER_SEEN_MS
  )
}

function roomFor(workers: readonly NodeRow[]): number {
  if (workers.length === 0) return WINDOW_WITHOUT_WORKERS
  return Math.max(SMALLEST_WINDOW, 2 * sum(workers.map(({ slots }) => slots)))
}

function ownShare(all: readonly ArmedRow[], tenant: string, room: number): number {
  const perTenant = new Map<string, number>()
  for (const row of all) perTenant.set(row.tenant, (perTenant.get(row.tenant) ?? 0) + row.outstanding + row.due)
  const share = Math.min(fillLevel([...perTenant.values()], room), perTenant.get(tenant) ?? 0)
  const own = all.filter((row) => row.tenant === tenant).map(({ outstanding, due }) => outstanding + due)
  return fillLevel(own, Math.ceil(share))
}

/** The level at which demands, filled like vessels from one source, use up the room. */
function fillLevel(demands: readonly number[], room: number): number {
  let remaining = room
  let vessels = demands.length
  for (const demand of [...demands].sort((a, b) => a - b)) {
    if (demand * vessels > remaining) return remaining / vessels
    remaining -= demand
    vessels--
  }
  return room
}

function takeTokens(state: ModelState, now: number, asked: number): Outcome<number> {
  const perMinute = state.settings.throttlePerMinute
  if (perMinute === null) return { state, answer: asked }
  const { tokens, filledAt } = state.throttle
  const available = Math.min(Math.max(1, perMinute / 10), tokens + ((now - filledAt) * perMinute) / 60_000)
  const granted = Math.min(asked, Math.floor(available))
  return { state: { ...state, throttle: { tokens: available - granted, filledAt: now } }, answer: granted }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0)
