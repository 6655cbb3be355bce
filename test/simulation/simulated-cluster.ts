import { MigrationError } from '@marc-migrations/domain'
import type { NodeKind, OperationType, ProtocolSettings, RecordSource, Stores } from '@marc-migrations/domain'
import { fileSource, joinCluster } from '@marc-migrations/flow'
import { tableBus } from '@marc-migrations/store'
import { startRounds } from '../../apps/coordinator/src/rounds.ts'
import { startWorker } from '../../apps/worker/src/app.ts'
import type { SeededRandom } from './seeded-random.ts'
import { simulatedEngine } from './simulated-engine.ts'
import { SimulatedProcess, tracingLogger } from './simulated-process.ts'
import { SUB_PATH } from './simulated-world.ts'
import type { World } from './simulated-world.ts'

/** The fast profile of the fault tests: a lapsed lease costs seconds of virtual time, and so few events. */
export const protocol: ProtocolSettings = {
  leaseMs: 3_000,
  leaseRenewMs: 1_000,
  checkIntervalMs: 1_000,
  sweepIntervalMs: 1_000,
  republishMs: 3_000,
  nodeHeartbeatMs: 1_000,
  metadataWaitMs: 5_000
}
const SIZES = { recordsPerChunk: 2, idsPerFetch: 4, chunksPerPage: 2 }
const DEADLINES = { mappingMs: 10_000, mappingPerRecordMs: 100, savingMs: 8_000 }
const SAVE_OUTAGE_LIMIT_MS = 15_000
const SLOTS = 2
const DRAIN_MS = 2_000
const TABLE_POLL_MS = 1_000

/** A place in the cluster: processes come and go in it, one at a time. */
export interface Seat {
  readonly kind: NodeKind
  readonly number: number
  generation: number
  process: SimulatedProcess
  stores: Stores
  /** Set once the process is up. */
  terminate?: () => void
}

/**
 * The real rounds and the real worker, each in a process of its own that can be killed, stopped or told to end; a supervisor
 * starts a new one in the place of each that ended.
 */
export class SimulatedCluster {
  readonly seats: readonly Seat[]
  private readonly world: World
  private readonly random: SeededRandom

  constructor(world: World, random: SeededRandom) {
    this.world = world
    this.random = random
    const { coordinators, workers } = world.profile
    this.seats = [
      ...Array.from({ length: coordinators }, (_, number) => this.seat('coordinator', number)),
      ...Array.from({ length: workers }, (_, number) => this.seat('worker', number))
    ]
  }

  /** The stores of a coordinator that is alive, as a request that comes in there would use them. */
  anyCoordinator(): { readonly process: SimulatedProcess; readonly stores: Stores } | undefined {
    const alive = this.seats.filter(({ kind, process }) => kind === 'coordinator' && process.state === 'running')
    return alive.length === 0 ? undefined : this.random.pick(alive)
  }

  kill(seat: Seat, restartInMs: number): void {
    if (seat.process.state === 'dead') return
    this.world.history.saw('killed')
    this.world.history.note(`${seat.process.name} killed`)
    this.end(seat, restartInMs)
  }

  killProcess(process: SimulatedProcess): void {
    const seat = this.seats.find((one) => one.process === process)
    if (seat !== undefined) this.kill(seat, this.random.between(200, 3_000))
  }

  stop(seat: Seat, forMs: number): void {
    const { process } = seat
    if (process.state !== 'running') return
    this.world.history.note(`${process.name} stopped`)
    process.stop()
    this.world.time.after(forMs, () => this.wake(process))
  }

  /** SIGTERM */
  terminate(seat: Seat): void {
    if (seat.process.state !== 'running' || seat.terminate === undefined) return
    this.world.history.note(`${seat.process.name} told to end`)
    seat.terminate()
  }

  calmDown(): void {
    for (const { process } of this.seats) this.wake(process)
  }

  private wake(process: SimulatedProcess): void {
    if (process.state !== 'stopped') return
    this.world.history.note(`${process.name} woken`)
    this.world.history.saw('stopped and woken')
    process.wake()
  }

  private seat(kind: NodeKind, number: number): Seat {
    const seat: Seat = { kind, number, generation: 0, ...this.newProcess(kind, number, 0) }
    this.boot(seat)
    return seat
  }

  private newProcess(kind: NodeKind, number: number, generation: number): Pick<Seat, 'process' | 'stores'> {
    const { world, random } = this
    const process = new SimulatedProcess(world.time, {
      name: `${kind}${number}.${generation}`,
      skewMs: random.between(-1, 1) * world.profile.skewMs,
      pace: 0.97 + random.next() * 0.06
    })
    return { process, stores: world.database.seenBy(process, world.wake.seenBy(process)) }
  }

  private end(seat: Seat, restartInMs: number): void {
    seat.process.kill()
    delete seat.terminate
    this.world.time.after(restartInMs, () => {
      seat.generation++
      Object.assign(seat, this.newProcess(seat.kind, seat.number, seat.generation))
      this.boot(seat)
    })
  }

  private boot(seat: Seat): void {
    const { process } = seat
    const starting = seat.kind === 'coordinator' ? this.startCoordinator(seat) : this.startWorker(seat)
    starting.then(
      (close) => {
        seat.terminate = () => {
          delete seat.terminate
          close().then(
            () => {
              this.world.history.saw('drained')
              if (process.state !== 'dead') this.end(seat, this.random.between(100, 2_000))
            },
            (error: unknown) => this.died(seat, process, error)
          )
        }
      },
      (error: unknown) => this.died(seat, process, error)
    )
  }

  /** A process that cannot start, or cannot end cleanly, ends all the same. */
  private died(seat: Seat, process: SimulatedProcess, error: unknown): void {
    if (!(error instanceof MigrationError && error.kind === 'outage')) {
      this.world.history.violate('process', `${process.name} ended by itself: ${String(error)}`)
    }
    if (process.state !== 'dead') this.end(seat, this.random.between(500, 2_000))
  }

  private async startCoordinator(seat: Seat): Promise<() => Promise<void>> {
    const { process, stores } = seat
    const { ports, node } = await this.join(seat, 0)
    const rounds = startRounds({
      ...ports,
      stores,
      nodeId: process.name,
      rules: this.world.rulesSeenBy(process),
      sizes: SIZES,
      protocol
    })
    return async () => {
      await rounds.close()
      await node.leave()
    }
  }

  private async startWorker(seat: Seat): Promise<() => Promise<void>> {
    const { process, stores } = seat
    const { ports, node } = await this.join(seat, SLOTS)
    const worker = await startWorker({
      ...ports,
      stores,
      node,
      sink: this.world.sink.seenBy(process),
      engine: simulatedEngine(
        process,
        {
          ...this.world,
          isMended: () => this.world.history.mended,
          onCrash: (crashed) => this.killProcess(crashed)
        },
        this.random
      ),
      settings: {
        protocol,
        slots: SLOTS,
        threads: 1,
        subPath: SUB_PATH,
        deadlines: DEADLINES,
        saveOutageLimitMs: SAVE_OUTAGE_LIMIT_MS,
        threadEntry: new URL('file:///no-threads'),
        tableFloor: this.world.profile.bus === 'broker'
      }
    })
    return async () => {
      await worker.close(DRAIN_MS)
      await ports.bus.close(DRAIN_MS)
      await node.leave()
    }
  }

  private async join({ kind, process, stores }: Seat, slots: number) {
    const { world } = this
    const { clock } = process
    const logger = tracingLogger((level, event, fields) => world.observer.logged(process, level, event, fields))
    const self = { id: process.name, kind, version: 'simulated', host: process.name, pid: 1, slots }
    const node = await joinCluster(self, { nodes: stores.nodes, clock, logger }, protocol.nodeHeartbeatMs)
    const objects = world.objects.seenBy(process)
    const files = fileSource(objects, world.newId, SUB_PATH)
    const bus =
      world.profile.bus === 'broker'
        ? world.bus.seenBy(process)
        : tableBus({ chunks: stores.chunks, wake: stores.wake, clock, pollMs: TABLE_POLL_MS, logger })
    const sources = (type: OperationType): RecordSource =>
      world.observer.reading(type === 'import' ? files : stores.storedRecords)
    return { node, ports: { clock, logger, objects, bus, sources } }
  }
}
