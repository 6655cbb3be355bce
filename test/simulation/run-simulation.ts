import { setMaxListeners } from 'node:events'
import { isTerminal, MAX_ATTEMPTS, RULES_UNAVAILABLE } from '@marc-migrations/domain'
import type { Operation } from '@marc-migrations/domain'
import type { OperationRow } from '../model/state.ts'
import { auditRun } from './audit-run.ts'
import { rareEvents } from './history.ts'
import type { RareEvent } from './history.ts'
import { startNemesis } from './nemesis.ts'
import { seededRandom } from './seeded-random.ts'
import type { SeededRandom } from './seeded-random.ts'
import { SimulatedCluster } from './simulated-cluster.ts'
import { SimulatedUsers } from './simulated-users.ts'
import type { UserAction } from './simulated-users.ts'
import { makeWorld } from './simulated-world.ts'
import type { Mutation, World } from './simulated-world.ts'

/** Virtual time within which all work has to end once the world is calm: every back-off, lease and tombstone has run out. */
const LIVENESS_MS = 600_000
/** A tombstone is due a minute after the end of its stage at the latest, and is looked for every second. */
const BURIAL_MS = 130_000

export interface SimulationReport {
  readonly seed: number
  readonly violations: readonly string[]
  readonly rareEvents: Readonly<Partial<Record<RareEvent, number>>>
  /** Hash over everything that happened, in its order. */
  readonly digest: string
  readonly virtualMs: number
  /** The last lines of what happened. */
  readonly lines: readonly string[]
}

/**
 * One run: the cluster at work in a world that fails as this seed has it, then calm, until all is done, then an audit; then a
 * user who cures what had failed, and another audit.
 */
export async function runSimulation(seed: number, mutation: Mutation = {}): Promise<SimulationReport> {
  const world = makeWorld(seed, mutation)
  const random = seededRandom(seed + 0.5)
  const stray = (error: unknown): void => world.history.violate('process', `unhandled: ${String(error)}`)
  const { stackTraceLimit } = Error
  // Thousands of errors and aborts a run, whose stacks nobody reads.
  Error.stackTraceLimit = 0
  const anySignal = AbortSignal.any.bind(AbortSignal)
  AbortSignal.any = anyOf
  process.on('unhandledRejection', stray)
  try {
    await play(world, random)
  } finally {
    process.off('unhandledRejection', stray)
    Error.stackTraceLimit = stackTraceLimit
    AbortSignal.any = anySignal
  }
  const { history, time } = world
  return {
    seed,
    violations: history.violations,
    rareEvents: Object.fromEntries(rareEvents.map((event) => [event, history.times(event)])),
    digest: history.digest(),
    virtualMs: time.now,
    lines: history.lines
  }
}

/** Node keeps what `AbortSignal.any` gave for as long as someone listens to it, and the killed listen for ever: a MB a run. */
function anyOf(signals: Iterable<AbortSignal>): AbortSignal {
  const any = new AbortController()
  for (const signal of signals) {
    setMaxListeners(0, signal)
    if (signal.aborted) any.abort(signal.reason)
    else signal.addEventListener('abort', () => any.abort(signal.reason), { once: true })
  }
  return any.signal
}

async function play(world: World, random: SeededRandom): Promise<void> {
  const { time, network, database, history } = world
  const cluster = new SimulatedCluster(world, random.fork())
  const users = new SimulatedUsers(world, cluster, random.fork())
  const isBroken = (): boolean => history.violations.length > 0
  startNemesis(world, cluster, random.fork())
  users.begin()
  await time.run(isBroken, world.profile.faultsMs)

  history.note('calm')
  network.calmDown()
  cluster.calmDown()
  const isOver = ({ status, control }: OperationRow): boolean => isTerminal(status) || control === 'pause'
  const isSettled = (): boolean => users.startedAll && network.hasDelivered && rowsOf(world).every(isOver)
  if (!(await until(world, isSettled))) return
  await auditRun(world)
  if (isBroken()) return

  history.note('cure')
  history.mended = true
  const cures = new Map(database.operations().map((operation) => [operation.id, users.cure(operation)]))
  if (!(await until(world, () => users.curedAll && rowsOf(world).every(({ status }) => isTerminal(status))))) return
  // What losing attempts had left is gone by now, and nothing else.
  const isBuried = (): boolean => Object.keys(database.state.tombstones).length === 0
  if (!(await time.run(() => isBroken() || isBuried(), BURIAL_MS))) history.violate('I7', 'tombstones are left')
  if (isBroken()) return
  await auditRun(world)
  for (const operation of database.operations()) auditCure(world, operation, cures.get(operation.id))
}

/** Asked after every event: no views are made for it. */
function rowsOf({ database }: World): readonly OperationRow[] {
  return Object.values(database.state.operations)
}

/** I7: all is done, or a violation says so. */
async function until({ time, database, history }: World, isDone: () => boolean): Promise<boolean> {
  const isBroken = (): boolean => history.violations.length > 0
  if (!(await time.run(() => isBroken() || isDone(), LIVENESS_MS))) {
    const open = database.operations().filter(({ status }) => !isTerminal(status))
    history.violate(
      'I7',
      `still open, or nobody told the users: ${open.map(({ id, status, control }) => `${id} ${status} ${control}`).join(', ')}`
    )
  }
  return !isBroken()
}

/** Cured in a calm world, an operation is as if nothing had ever happened to it. */
function auditCure({ database, history, profile }: World, operation: Operation, cure?: UserAction): void {
  const { id, stopReason, savedRecords, mappedRecords } = operation
  if (stopReason !== null) history.violate('cure', `${id} ended again: ${stopReason}`)
  // What was rejected cannot be saved, and leaves the saving FAILED; all else can, unless versions stand against it.
  const versionsStand = !profile.sinkRaisesVersions && profile.driftEveryMs === Infinity
  if (cure === 'startSaving' && versionsStand && savedRecords !== mappedRecords) {
    history.violate('cure', `${id}: ${savedRecords} saved of ${mappedRecords} mapped`)
  }
  if (cure !== 'retryMapping') return
  for (const chunk of database.chunks(id)) {
    if (chunk.attempts >= MAX_ATTEMPTS) history.violate('cure', `${chunk.id} was given up`)
    // One whose records are all gone has nothing that another try could mend.
    if (chunk.rulesHash === RULES_UNAVAILABLE && chunk.rejectedRecords > 0)
      history.violate('cure', `${chunk.id} was mapped without rules`)
  }
}
