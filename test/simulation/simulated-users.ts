import { MigrationError } from '@marc-migrations/domain'
import type { ControlStore, Operation } from '@marc-migrations/domain'
import { startOperation } from '@marc-migrations/flow'
import type { SeededRandom } from './seeded-random.ts'
import { tracingLogger } from './simulated-process.ts'
import type { SimulatedCluster } from './simulated-cluster.ts'
import type { OperationWish, World } from './simulated-world.ts'

export type UserAction = keyof ControlStore | 'retryListed' | 'saveListed'

/** What users do while the world fails, the more often the more often it stands here. */
const ACTIONS: readonly UserAction[] = [
  ...(['pause', 'resume', 'resume', 'cancel', 'retryMapping', 'retryMapping', 'retryListed', 'retryListed'] as const),
  ...(['startSaving', 'startSaving', 'startSaving', 'startSaving', 'saveListed', 'releaseSaveLock'] as const)
]

function cureOf({ status, control, rejectedRecords }: Operation): UserAction {
  if (control === 'pause') return 'resume'
  if (status === 'DATA_MAPPING_FAILED' || rejectedRecords > 0) return 'retryMapping'
  return 'startSaving'
}

const SAVE_POLL_MS = 800
const ASK_AGAIN_MS = 700
/** Longer than any call takes. */
const PATIENCE_MS = 30_000

/** Those who call the API. A request comes in at some coordinator, and may be lost with it. */
export class SimulatedUsers {
  private readonly world: World
  private readonly cluster: SimulatedCluster
  private readonly random: SeededRandom
  private curing = 0
  private readonly started = new Set<string>()

  constructor(world: World, cluster: SimulatedCluster, random: SeededRandom) {
    this.world = world
    this.cluster = cluster
    this.random = random
  }

  get startedAll(): boolean {
    return this.started.size === this.world.wishes.length
  }

  /** Starts what is wished, and asks again under the same key until it is told that it stands. */
  begin(): void {
    this.world.wishes.forEach((wish, i) => {
      this.world.time.after(this.random.between(0, this.world.profile.faultsMs / 3), () => this.start(wish, `key${i}`))
    })
    if (this.world.profile.userEveryMs !== Infinity) this.actNext()
    if (this.world.wishes.some(({ save }) => save)) this.saveWhatIsMapped()
  }

  get curedAll(): boolean {
    return this.curing === 0
  }

  /** In a calm world: whatever did not come to a good end is asked for again, until it is heard. */
  cure(operation: Operation): UserAction {
    const action = cureOf(operation)
    this.curing++
    const ask = (): void => {
      let answered = false
      const again = (): void => {
        answered = true
        this.world.time.after(ASK_AGAIN_MS, ask)
      }
      const asked = this.act(action, operation)
      if (asked === undefined) return again()
      asked.then(() => {
        if (!answered) this.curing--
        answered = true
      }, again)
      // A coordinator that ended with the request answers nobody.
      this.world.time.after(PATIENCE_MS, () => {
        if (!answered) again()
      })
    }
    ask()
    return action
  }

  /** One action on one operation; undefined when nobody is there to be asked. */
  private act(what: UserAction, { tenant, id }: Operation): Promise<unknown> | undefined {
    const coordinator = this.cluster.anyCoordinator()
    if (coordinator === undefined) return undefined
    const { control } = coordinator.stores
    this.world.history.note(`user: ${what} ${id} at ${coordinator.process.name}`)
    const headers = { 'x-okapi-token': `token of ${tenant}` }
    const asked = ((): Promise<unknown> => {
      switch (what) {
        case 'pause':
          return control.pause(tenant, id)
        case 'resume':
          return control.resume(tenant, id)
        case 'cancel':
          return control.cancel(tenant, id, 'cancelled')
        case 'startSaving':
          return control.startSaving(tenant, id, null, { headers, allowRejected: this.random.chance(0.5) })
        case 'saveListed':
          return control.startSaving(tenant, id, this.someChunks(id), { headers })
        case 'releaseSaveLock':
          return control.releaseSaveLock(tenant, 'authority')
        case 'retryListed':
          return control.retryMapping(tenant, id, this.someChunks(id), headers)
        case 'retryMapping':
          return control.retryMapping(tenant, id, null, headers)
      }
    })()
    asked.catch((error: unknown) => this.failed(what, error))
    return asked
  }

  private start(wish: OperationWish, idempotencyKey: string): void {
    const again = (): void => {
      this.world.time.after(ASK_AGAIN_MS, () => this.start(wish, idempotencyKey))
    }
    const coordinator = this.cluster.anyCoordinator()
    if (coordinator === undefined) return again()
    const { process, stores } = coordinator
    const logger = tracingLogger((level, event, fields) => this.world.observer.logged(process, level, event, fields))
    const { newId } = this.world
    const operationType = wish.fileName === undefined ? 'remapping' : 'import'
    const ports = { ...stores, sources: () => stores.storedRecords, logger, newId }
    let answered = false
    const request = {
      tenant: wish.tenant,
      userId: newId(),
      entityType: 'authority',
      operationType,
      idempotencyKey,
      headers: { 'x-okapi-token': `token of ${wish.tenant}` },
      ...(wish.fileName === undefined ? {} : { source: { name: wish.fileName } })
    } as const
    startOperation(request, ports).then(
      () => {
        answered = true
        this.started.add(idempotencyKey)
      },
      (error: unknown) => {
        answered = true
        this.failed('start', error)
        again()
      }
    )
    // A coordinator that died with the request answers nobody.
    this.world.time.after(PATIENCE_MS, () => {
      if (!answered) again()
    })
  }

  private actNext(): void {
    const { time, profile, network, database } = this.world
    time.after(profile.userEveryMs * (0.2 + 1.6 * this.random.next()), () => {
      if (network.calm) return
      const operations = database.operations()
      if (operations.length > 0) {
        void this.act(this.nextAction(), this.random.pick(operations))
      }
      this.actNext()
    })
  }

  /** Whoever saves is seldom found at it. */
  private nextAction(): UserAction {
    const isSomeoneSaving = Object.values(this.world.database.state.saveLocks).some(
      ({ operationId }) => operationId !== null
    )
    return isSomeoneSaving && this.random.chance(0.2) ? 'releaseSaveLock' : this.random.pick(ACTIONS)
  }

  private saveWhatIsMapped(): void {
    this.world.time.after(SAVE_POLL_MS, () => {
      if (this.world.network.calm) return
      for (const operation of this.world.database.operations()) {
        if (operation.status === 'DATA_MAPPING_COMPLETED') void this.act('startSaving', operation)
      }
      this.saveWhatIsMapped()
    })
  }

  private someChunks(operationId: string): readonly string[] {
    return this.world.database
      .chunks(operationId)
      .filter(() => this.random.chance(0.5))
      .map(({ id }) => id)
  }

  private failed(what: string, error: unknown): void {
    if (error instanceof MigrationError && error.kind === 'outage') return
    this.world.history.violate('users', `${what}: ${String(error)}`)
  }
}
