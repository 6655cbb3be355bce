import type { Claim, Hint, Stage, Tally } from '@marc-migrations/domain'
import { chunksOf, isRunning, lockKey, withRow } from '../state.ts'
import type { ChunkRow, ModelState, OperationRow } from '../state.ts'
import type { Protocol } from './protocol.ts'
import { lockOf, operationsOf, RECORDS, settledSaving } from './saving-world.ts'
import type { SavingBudget, SavingWorker, SavingWorld } from './saving-world.ts'
import type { Move } from './search.ts'
import { at, LAPSED, lapse, NOW, TENANT } from './world.ts'

const LEASE_MS = 60_000
const IDLE: SavingWorker = { is: 'idle' }
type Saving = Extract<SavingWorker, { is: 'saving' }>

type Step = (
  name: string,
  change: Partial<SavingWorld>,
  options?: { readonly unfair?: boolean; readonly fault?: string | undefined }
) => void

/** Everything that may happen next. */
export function savingMovesOf(protocol: Protocol): (world: SavingWorld) => readonly Move<SavingWorld>[] {
  return (world) => {
    const moves: Move<SavingWorld>[] = []
    const step: Step = (name, change, { unfair = false, fault } = {}) => {
      if (change.left !== undefined && Object.values(change.left).some((times) => times < 0)) return
      const tables = change.tables === undefined ? world.tables : settledSaving(change.tables)
      moves.push({ name, fair: !unfair, world: { ...world, ...change, tables }, fault })
    }
    world.workers.forEach((worker, i) => workerMoves(protocol, world, worker, i, step))
    for (const operation of operationsOf(world.tables)) {
      coordinatorMoves(protocol, world, operation, step)
      userMoves(protocol, world, operation, step)
    }
    releaseMoves(protocol, world, step)
    adversaryMoves(world, step)
    return moves
  }
}

const operationOf = ({ tables }: SavingWorld, chunkId: string): OperationRow =>
  tables.operations[tables.chunks[chunkId]?.operationId ?? ''] as OperationRow

function workerMoves(protocol: Protocol, world: SavingWorld, worker: SavingWorker, i: number, step: Step): void {
  const { hints, workers } = world
  const becomes = (now: SavingWorker): Pick<SavingWorld, 'workers'> => ({ workers: workers.with(i, now) })
  if (worker.is === 'idle') {
    for (const chunkId of hints) {
      const seen = operationOf(world, chunkId)
      const rest = hints.filter((hint) => hint !== chunkId)
      const { tables, now } = claim(protocol, world.tables, seen, chunkId)
      step(`deliver ${chunkId}`, { tables, ...becomes(now), hints: rest })
      step(`deliver-one-of-two ${chunkId}`, { tables, ...becomes(now), ...spent(world, 'faults') }, { unfair: true })
      const looking = becomes({ is: 'claiming', seen, chunkId })
      step(`look ${chunkId}`, { ...looking, hints: rest, ...spent(world, 'looks') }, { unfair: true })
    }
    return
  }
  if (worker.is === 'claiming') {
    const { tables, now } = claim(protocol, world.tables, worker.seen, worker.chunkId)
    step(`claim ${worker.chunkId}`, { tables, ...becomes(now) })
    return
  }
  savingMoves(protocol, world, worker, becomes, step)
}

/** What a worker does with the chunk it has claimed, be it still its own or not. */
function savingMoves(
  protocol: Protocol,
  world: SavingWorld,
  worker: Saving,
  becomes: (now: SavingWorker) => Pick<SavingWorld, 'workers'>,
  step: Step
): void {
  const { tables, stored } = world
  const { claim, over, said } = worker
  const label = `${claim.chunkId}@${claim.epoch}`
  const isFenced = tables.chunks[claim.chunkId]?.epoch !== claim.epoch
  step(`crash ${label}`, { ...becomes(IDLE), ...spent(world, 'faults') }, { unfair: true })
  const returned = protocol.giveBack(tables, at(tables), claim, 'released').state
  const harm = isFenced && returned !== tables ? 'I5 a zombie gave back what is not its' : undefined
  step(
    `give-back ${label}`,
    { tables: returned, ...becomes(IDLE), ...spent(world, 'faults') },
    { unfair: true, fault: harm }
  )
  // A renewal tells it, or its own clock does.
  if (isFenced || over) step(`leave ${label}`, becomes(IDLE))
  if (said === 'nothing') {
    if (over) return
    const has = [...new Set([...stored, claim.chunkId])].sort()
    step(`save ${label}`, { stored: has, ...becomes({ ...worker, said: 'saved' }) })
    step(`refuse ${label}`, { ...becomes({ ...worker, said: 'failed' }), ...spent(world, 'faults') }, { unfair: true })
    return
  }
  count(protocol, tables, claim, said === 'saved', (state, fault) =>
    step(`count ${label}`, { tables: state, ...becomes(IDLE) }, { fault })
  )
}

function claim(protocol: Protocol, tables: ModelState, seen: OperationRow, chunkId: string) {
  const { state, answer } = protocol.claimSeeing(tables, at(tables), seen, hintOf(seen.id, chunkId), 'w', LEASE_MS)
  const now: SavingWorker = answer === null ? IDLE : { is: 'saving', claim: answer, over: false, said: 'nothing' }
  return { tables: state, now }
}

const hintOf = (operationId: string, chunkId: string, stage: Stage = 'DATA_SAVING'): Hint => ({
  ...{ v: 1, tenant: TENANT, operationId, chunkId, step: stage, attempt: 0 }
})

function count(
  protocol: Protocol,
  tables: ModelState,
  claim: Claim,
  isSaved: boolean,
  step: (state: ModelState, fault: string | undefined) => void
): void {
  const chunk = tables.chunks[claim.chunkId] as ChunkRow
  const shares = { saved: isSaved ? RECORDS : 0, failed: isSaved ? 0 : RECORDS }
  const rest = { rejectedKey: null, reasonsKey: null, outcomeUnknown: false, answered: true }
  const tally: Tally = { stage: 'DATA_SAVING', ...shares, ...rest }
  const { state, answer } = protocol.count(tables, at(tables), claim, tally)
  if (answer === 'fenced') return step(state, state === tables ? undefined : 'I5 a fenced count changed something')
  const isStale = claim.epoch < chunk.epoch || chunk.savedEpoch === claim.epoch
  step(state, isStale ? 'I5 a second count, or one of an earlier epoch' : undefined)
}

function coordinatorMoves(protocol: Protocol, world: SavingWorld, { id, status }: OperationRow, step: Step): void {
  const { tables, hints } = world
  if (status === 'DATA_MAPPING') step(`remap ${id}`, { tables: remapped(protocol, tables, id) })
  if (tables.armed[id] === undefined || status !== 'DATA_SAVING') return
  const armed = { tenant: TENANT, operationId: id, stage: status, armedForMs: 0 } as const
  const marked = protocol.mark(tables, at(tables), armed, 200)
  const sent = marked.answer.map(({ chunkId }) => chunkId)
  const isTaken = lockOf(marked.state)?.operationId !== lockOf(tables)?.operationId
  if (sent.length > 0 || isTaken) {
    step(`publish ${id}`, { tables: marked.state, hints: [...new Set([...hints, ...sent])].sort() })
  }
  // A negative step: whatever is published and unclaimed has been so for long enough.
  const swept = protocol.sweep(tables, at(tables), armed, -1)
  if (swept.state !== tables) step(`sweep ${id}`, { tables: swept.state })
  const { state } = protocol.finalise(tables, at(tables), armed, LEASE_MS)
  if (state !== tables) step(`check ${id}`, { tables: state })
}

/** All of the mapping stage in one move: what may happen in it is the matter of the other search. */
function remapped(protocol: Protocol, tables: ModelState, id: string): ModelState {
  const armed = { tenant: TENANT, operationId: id, stage: 'DATA_MAPPING', armedForMs: 0 } as const
  const snapshot = { hash: 'h', rules: '', params: '' }
  let state = protocol.freeze(tables, at(tables), TENANT, id, snapshot).state
  state = protocol.mark(state, at(state), armed, 200).state
  for (const { id: chunkId } of chunksOf(state, id).filter(({ publishedAt }) => publishedAt !== null)) {
    const operation = state.operations[id] as OperationRow
    const hint = hintOf(id, chunkId, 'DATA_MAPPING')
    const claimed = protocol.claimSeeing(state, at(state), operation, hint, 'w', LEASE_MS)
    if (claimed.answer === null) throw new Error('a chunk cannot be mapped again')
    const entities = { key: `${chunkId}@${claimed.answer.epoch}`, lengthBytes: RECORDS, sha256: chunkId }
    const shares = { mapped: RECORDS, rejected: 0, entities, rejectedKey: null, reasonsKey: null }
    state = protocol.count(claimed.state, at(state), claimed.answer, { stage: 'DATA_MAPPING', ...shares }).state
  }
  return protocol.finalise(state, at(state), armed, LEASE_MS).state
}

function userMoves(protocol: Protocol, world: SavingWorld, operation: OperationRow, step: Step): void {
  const { tables } = world
  const { id, status, control } = operation
  const chunkIds = chunksOf(tables, id).map((chunk) => chunk.id)
  const save = (ids: readonly string[] | null) => protocol.startSaving(tables, at(tables), TENANT, id, ids).state
  const once = (name: string, of: keyof SavingBudget, state: ModelState): void => {
    if (state !== tables) step(`${name} ${id}`, { tables: state, ...spent(world, of) }, { unfair: true })
  }
  if (status === 'DATA_MAPPING_COMPLETED') step(`start-saving ${id}`, { tables: save(null) })
  if (status === 'DATA_SAVING_FAILED') once('save-again', 'repeats', save(null))
  if (status === 'DATA_SAVING_FAILED' || status === 'DATA_MAPPING_COMPLETED') {
    for (const chunkId of chunkIds) once(`save-listed ${chunkId}`, 'repeats', save([chunkId]))
  }
  if (status !== 'DATA_MAPPING') {
    const { state } = protocol.retry(tables, at(tables), TENANT, id, chunkIds.slice(0, 1))
    once('retry', 'retries', state)
  }
  if (!isRunning(operation)) return
  if (control === 'pause') step(`resume ${id}`, { tables: protocol.resume(tables, at(tables), TENANT, id).state })
  else once('pause', 'pauses', protocol.pause(tables, at(tables), TENANT, id).state)
  once('cancel', 'cancels', protocol.cancel(tables, at(tables), TENANT, id, 'cancelled').state)
}

function releaseMoves(protocol: Protocol, world: SavingWorld, step: Step): void {
  const { tables } = world
  const { state, answer } = protocol.forceRelease(tables, at(tables), TENANT, 'authority')
  if (answer !== null) step(`force-release ${answer}`, { tables: state, ...spent(world, 'releases') }, { unfair: true })
}

function adversaryMoves(world: SavingWorld, step: Step): void {
  const { tables, hints, workers } = world
  for (const chunkId of hints) {
    const rest = hints.filter((hint) => hint !== chunkId)
    step(`drop ${chunkId}`, { hints: rest, ...spent(world, 'faults') }, { unfair: true })
  }
  const holds = (worker: SavingWorker, { id, epoch }: ChunkRow): worker is Saving =>
    worker.is === 'saving' && worker.claim.chunkId === id && worker.claim.epoch === epoch
  for (const chunk of Object.values(tables.chunks)) {
    if (chunk.leaseUntil === null || chunk.leaseUntil <= LAPSED) continue
    const lapsed = {
      tables: lapse(tables, chunk),
      workers: workers.map((worker) => (holds(worker, chunk) ? { ...worker, over: true } : worker))
    }
    if (!workers.some((worker) => holds(worker, chunk))) step(`lapse ${chunk.id}`, lapsed)
    else step(`lapse-under ${chunk.id}`, { ...lapsed, ...spent(world, 'faults') }, { unfair: true })
  }
  const lock = lockOf(tables)
  if (lock === undefined || lock.notBefore <= NOW) return
  // The last fenced lease has run out: its holder knows, as it had never heard of its end.
  step('fenced-leases-end', {
    tables: withRow(tables, 'saveLocks', lockKey(TENANT, 'authority'), { ...lock, notBefore: NOW }),
    workers: workers.map((worker) => {
      if (worker.is !== 'saving' || tables.chunks[worker.claim.chunkId]?.epoch === worker.claim.epoch) return worker
      return { ...worker, over: true }
    })
  })
}

/** One less of what need not happen; a move for which nothing is left is not made. */
const spent = ({ left }: SavingWorld, of: keyof SavingBudget): Pick<SavingWorld, 'left'> => ({
  left: { ...left, [of]: left[of] - 1 }
})
