import type { ArmedStage, Claim, Hint, NewChunk, SplitRange, Tally } from '@marc-migrations/domain'
import { chunksOf, isRunning, withRow } from '../state.ts'
import type { ChunkRow, ModelState, OperationRow } from '../state.ts'
import { isClaimable } from '../twins/claim-chunk.ts'
import { fenceThese } from '../twins/fence-chunks.ts'
import { endStage, verdictOf } from '../twins/finalise-stage.ts'
import { stopped } from '../twins/stop-operation.ts'
import { disarmStage } from '../twins/arm-stage.ts'
import type { Protocol } from './protocol.ts'
import type { Move } from './search.ts'
import { at, attemptOf, LAPSED, lapse, NOW, OPERATION, settled, TENANT } from './world.ts'
import type { Budget, Look, Worker, World } from './world.ts'

const LEASE_MS = 60_000
const PAGES = 2
const ARMED: ArmedStage = { tenant: TENANT, operationId: OPERATION, stage: 'DATA_MAPPING', armedForMs: 0 }
type Uploaded = Extract<Worker, { is: 'uploaded' }>
const IDLE: Worker = { is: 'idle' }

type Moves = readonly Move<World>[]
type Step = (
  name: string,
  change: Partial<World>,
  options?: { readonly unfair?: boolean; readonly fault?: string | undefined }
) => void

/** Everything that may happen next. */
export function movesOf(protocol: Protocol): (world: World) => Moves {
  return (world) => {
    const moves: Move<World>[] = []
    const step: Step = (name, change, { unfair = false, fault } = {}) => {
      if (change.left !== undefined && Object.values(change.left).some((times) => times < 0)) return
      const tables = change.tables === undefined ? world.tables : settled(change.tables)
      moves.push({ name, fair: !unfair, world: { ...world, ...change, tables }, fault })
    }
    world.workers.forEach((worker, i) => workerMoves(protocol, world, worker, i, step))
    world.splitters.forEach((range, i) => splitterMoves(protocol, world, range, i, step))
    world.checkers.forEach((look, i) => checkerMoves(protocol, world, look, i, step))
    coordinatorMoves(protocol, world, step)
    userMoves(protocol, world, step)
    adversaryMoves(world, step)
    return moves
  }
}

const operationOf = ({ tables }: World): OperationRow => tables.operations[OPERATION] as OperationRow

function workerMoves(protocol: Protocol, world: World, worker: Worker, i: number, step: Step): void {
  const { tables, workers, hints } = world
  const becomes = (now: Worker): Pick<World, 'workers'> => ({ workers: workers.with(i, now) })
  if (worker.is === 'idle') {
    for (const chunkId of hints) {
      const rest = hints.filter((hint) => hint !== chunkId)
      claim(protocol, world, operationOf(world), chunkId, (change, now) => {
        step(`deliver ${chunkId}`, { ...change, ...becomes(now), hints: rest })
        step(`deliver-one-of-two ${chunkId}`, { ...change, ...becomes(now), ...spent(world, 'faults') }, { unfair: true })
      })
      // Only what a user does can come between the two, and one worker that meets it stands for both.
      if (mayPassByAUser(world)) step(`look ${chunkId}`, { ...becomes(lookingAt(world, chunkId)), hints: rest })
    }
    if (protocol.tableFloor) {
      for (const chunk of chunksOf(tables, OPERATION).filter((one) => isClaimable(operationOf(world), one, NOW))) {
        claim(protocol, world, operationOf(world), chunk.id, (change, now) =>
          step(`floor ${chunk.id}`, { ...change, ...becomes(now) })
        )
      }
    }
    return
  }
  if (worker.is === 'claiming') {
    const { seen, chunkId } = worker
    claim(protocol, world, seen, chunkId, (change, now) => step(`claim ${chunkId}`, { ...change, ...becomes(now) }))
    return
  }
  const held = worker.claim
  const label = attemptOf(held)
  step(`crash ${label}`, { ...becomes(IDLE), ...spent(world, 'faults') }, { unfair: true })
  const { state } = protocol.giveBack(tables, at(tables), held, 'released')
  step(`give-back ${label}`, { tables: state, ...becomes(IDLE), ...spent(world, 'faults') }, { unfair: true })
  if (worker.is === 'claimed') {
    const key = protocol.objectName(held)
    const objects = { ...world.objects, [key]: label }
    step(`upload ${label}`, { objects, ...becomes({ is: 'uploaded', claim: held, key }) })
    return
  }
  count(protocol, world, worker, (change, fault) => step(`count ${label}`, { ...change, ...becomes(IDLE) }, { fault }))
}

const mayPassByAUser = ({ left: { retries, pauses, cancels }, workers }: World): boolean =>
  retries + pauses + cancels > 0 && workers.every((worker) => worker.is !== 'claiming')

const lookingAt = (world: World, chunkId: string): Worker => ({ is: 'claiming', seen: operationOf(world), chunkId })

function claim(
  protocol: Protocol,
  { tables }: World,
  seen: OperationRow,
  chunkId: string,
  step: (change: Partial<World>, now: Worker) => void
): void {
  const hint: Hint = { v: 1, tenant: TENANT, operationId: OPERATION, chunkId, step: 'DATA_MAPPING', attempt: 0 }
  const { state, answer } = protocol.claimSeeing(tables, at(tables), seen, hint, 'w', LEASE_MS)
  step({ tables: state }, answer === null ? IDLE : { is: 'claimed', claim: answer })
}

function count(
  protocol: Protocol,
  { tables, uncounted }: World,
  { claim, key }: Uploaded,
  step: (change: Partial<World>, fault: string | undefined) => void
): void {
  const chunk = tables.chunks[claim.chunkId] as ChunkRow
  const tally = tallyOf(claim, key)
  const { state, answer } = protocol.count(tables, at(tables), claim, tally)
  if (answer === 'fenced') {
    step({ tables: state }, state === tables ? undefined : 'I5 a fenced count changed something')
    return
  }
  const isStale = claim.epoch < chunk.epoch || chunk.fileEpoch === claim.epoch
  const fault = isStale ? 'I5 a second count, or one of an earlier epoch' : undefined
  if (protocol.countersWithCount) {
    step({ tables: state }, fault)
    return
  }
  const before = tables.operations[OPERATION] as OperationRow
  const { mapped, rejected } = tally
  step({ tables: withRow(state, 'operations', OPERATION, before), uncounted: [...uncounted, { mapped, rejected }] }, fault)
}

/** What an attempt makes of its chunk: of the second one, a record is gone, and in later attempts another is rejected. */
function tallyOf(claim: Claim, key: string): Extract<Tally, { stage: 'DATA_MAPPING' }> {
  const mapped = claim.position === 0 ? 10 : claim.epoch === 1 ? 9 : 8
  const rejected = claim.position === 0 || claim.epoch === 1 ? 0 : 1
  const entities = { key, lengthBytes: mapped, sha256: attemptOf(claim) }
  return { stage: 'DATA_MAPPING', mapped, rejected, entities, rejectedKey: null, reasonsKey: null }
}

function splitterMoves(protocol: Protocol, world: World, range: SplitRange | null, i: number, step: Step): void {
  const { tables, splitters } = world
  const becomes = (now: SplitRange | null): Pick<World, 'splitters'> => ({ splitters: splitters.with(i, now) })
  if (range === null) {
    const { state, answer } = protocol.claimRange(tables, at(tables), TENANT, OPERATION, 'c', LEASE_MS)
    if (answer !== null) step('claim-range', { tables: state, ...becomes(answer) })
    return
  }
  step('splitter-crash', { ...becomes(null), ...spent(world, 'faults') }, { unfair: true })
  const written = Number(range.cursor ?? 0)
  const done = written === PAGES
  const chunks = done ? [] : [newChunk(written, Object.keys(tables.chunks).length)]
  const page = { chunks, cursor: String(Math.min(written + 1, PAGES)), done }
  const { state, answer } = protocol.commitPage(tables, at(tables), TENANT, range, page, LEASE_MS)
  const goesOn = answer.outcome === 'committed' && !done
  step(`page ${written}`, { tables: state, ...becomes(goesOn ? { ...range, cursor: page.cursor } : null) })
}

const newChunk = (place: number, written: number): NewChunk => ({
  id: `c${written}`,
  position: place,
  recordCount: 10,
  window: { kind: 'bytes', offset: place, length: 1, firstRecordIndex: place }
})

function checkerMoves(protocol: Protocol, world: World, look: Look | null, i: number, step: Step): void {
  const { tables, checkers } = world
  if (protocol.checkerLocksFirst) {
    // Nothing of a checker lasts from one transaction to the next: two of them are this move, twice.
    if (i === 0 && tables.armed[OPERATION] !== undefined) {
      step('check', { tables: protocol.finalise(tables, at(tables), ARMED, LEASE_MS).state })
    }
    return
  }
  const operation = operationOf(world)
  const isSealed = operation.status === 'DATA_MAPPING' && operation.chunkingSealed
  if (look === null) {
    // It waits for a row that is to be ended as far as it can see; one that is not it passes over.
    if (!isSealed || verdictOf(tables, operation) === null) return
    step('check-looks', { checkers: checkers.with(i, { operation, chunks: chunksOf(tables, OPERATION) }) })
    return
  }
  // The row itself is looked at again after the wait, the chunks are those of the look.
  const chunks = Object.fromEntries(look.chunks.map((chunk) => [chunk.id, chunk]))
  const verdict = isSealed ? verdictOf({ ...tables, chunks }, operation) : null
  const ended = verdict === null ? tables : endStage(tables, at(tables), operation, verdict, LEASE_MS)
  step('check-sets', { tables: ended, checkers: checkers.with(i, null) })
}

function coordinatorMoves(protocol: Protocol, world: World, step: Step): void {
  const { tables, hints, uncounted } = world
  uncounted.forEach((share, i) => {
    const { mappedRecords, rejectedRecords, ...rest } = operationOf(world)
    const counters = { mappedRecords: mappedRecords + share.mapped, rejectedRecords: rejectedRecords + share.rejected }
    const counted = withRow(tables, 'operations', OPERATION, { ...rest, ...counters })
    step('add-counters', { tables: counted, uncounted: uncounted.toSpliced(i, 1) })
    step('lose-counters', { uncounted: uncounted.toSpliced(i, 1), ...spent(world, 'faults') }, { unfair: true })
  })
  if (tables.armed[OPERATION] === undefined) return
  if (operationOf(world).rulesHash === null) {
    const snapshot = { hash: `h${world.left.retries}`, rules: '', params: '' }
    step('freeze', { tables: protocol.freeze(tables, at(tables), TENANT, OPERATION, snapshot).state })
  }
  const marked = protocol.mark(tables, at(tables), ARMED, 200)
  if (marked.answer.length > 0) {
    const sent = marked.answer.map(({ chunkId }) => chunkId)
    step('publish', { tables: marked.state, hints: [...new Set([...hints, ...sent])].sort() })
  }
  // A negative step: whatever is published and unclaimed has been so for long enough.
  const swept = protocol.sweep(tables, at(tables), ARMED, -1)
  if (swept.state !== tables) step('sweep', { tables: swept.state })
}

function userMoves(protocol: Protocol, world: World, step: Step): void {
  const { tables, left, canceller } = world
  const operation = operationOf(world)
  if (left.retries > 0) {
    const [first] = chunksOf(tables, OPERATION)
    for (const ids of [null, first === undefined ? [] : [first.id]]) {
      const { state } = protocol.retry(tables, at(tables), TENANT, OPERATION, ids)
      step(`retry ${ids?.join() ?? 'failed'}`, { tables: state, ...spent(world, 'retries') }, { unfair: true })
    }
  }
  if (left.pauses > 0 && isRunning(operation) && operation.control === 'run') {
    const { state } = protocol.pause(tables, at(tables), TENANT, OPERATION)
    step('pause', { tables: state, ...spent(world, 'pauses') }, { unfair: true })
  }
  if (operation.control === 'pause') {
    step('resume', { tables: protocol.resume(tables, at(tables), TENANT, OPERATION).state })
  }
  if (left.cancels > 0 && isRunning(operation)) {
    if (protocol.cancelLocksFirst) {
      const { state } = protocol.cancel(tables, at(tables), TENANT, OPERATION, 'cancelled')
      step('cancel', { tables: state, ...spent(world, 'cancels') }, { unfair: true })
    } else {
      const seen = { operation, chunks: chunksOf(tables, OPERATION) }
      step('cancel-looks', { canceller: seen, ...spent(world, 'cancels') }, { unfair: true })
    }
  }
  if (canceller !== null) step('cancel-sets', { tables: cancelSeeing(tables, canceller), canceller: null }, { unfair: true })
}

/** A cancel in one statement: of the chunks it fences those that were open when it began, and still are. */
function cancelSeeing(tables: ModelState, { chunks }: Look): ModelState {
  const operation = tables.operations[OPERATION] as OperationRow
  if (!isRunning(operation)) return tables
  const open = chunks.filter(({ nextAttemptAt }) => nextAttemptAt !== null).flatMap(({ id }) => tables.chunks[id] ?? [])
  const ended = withRow(tables, 'operations', OPERATION, stopped(operation, NOW, 'cancel', 'cancelled'))
  const still = open.filter(({ nextAttemptAt }) => nextAttemptAt !== null)
  return disarmStage(fenceThese(ended, NOW, still, true).state, OPERATION)
}

function adversaryMoves(world: World, step: Step): void {
  const { tables, hints, workers, splitters } = world
  for (const chunkId of hints) {
    const rest = hints.filter((hint) => hint !== chunkId)
    step(`drop ${chunkId}`, { hints: rest, ...spent(world, 'faults') }, { unfair: true })
  }
  for (const chunk of chunksOf(tables, OPERATION)) {
    if (chunk.leaseUntil === null || chunk.leaseUntil <= LAPSED) continue
    const isAlive = workers.some(
      (one) => 'claim' in one && one.claim.chunkId === chunk.id && one.claim.epoch === chunk.epoch
    )
    if (!isAlive) step(`lapse ${chunk.id}`, { tables: lapse(tables, chunk) })
    else step(`lapse-under ${chunk.id}`, { tables: lapse(tables, chunk), ...spent(world, 'faults') }, { unfair: true })
  }
  for (const range of Object.values(tables.ranges)) {
    if (range.leaseUntil === null || range.leaseUntil <= LAPSED) continue
    const isAlive = splitters.some((held) => held?.epoch === range.epoch)
    const lapsed = withRow(tables, 'ranges', range.id, { ...range, leaseUntil: LAPSED })
    if (!isAlive) step('lapse-range', { tables: lapsed })
    else step('lapse-range-under', { tables: lapsed, ...spent(world, 'faults') }, { unfair: true })
  }
}

/** One less of what need not happen; a move for which nothing is left is not made. */
const spent = ({ left }: World, of: keyof Budget): Pick<World, 'left'> => ({ left: { ...left, [of]: left[of] - 1 } })
