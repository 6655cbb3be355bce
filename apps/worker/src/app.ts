import { errorKind } from '@marc-migrations/domain'
import type {
  ChunkBus,
  Claim,
  Clock,
  EntitySink,
  Hint,
  HintAnswer,
  Logger,
  ObjectStore,
  OperationType,
  ProtocolSettings,
  RecordSource,
  Stores
} from '@marc-migrations/domain'
import { claimChunk, createRulesCache, processChunk } from '@marc-migrations/flow'
import type { ClusterNode } from '@marc-migrations/flow'
import pLimit from 'p-limit'
import { mappingThreads } from './mapping-threads.ts'
import type { MappingThreads } from './mapping-threads.ts'
import { othersFirst } from './others-first.ts'
import { outageGate } from './outage-gate.ts'
import { silenceGate } from './silence-gate.ts'
import { startTableFloor } from './table-floor.ts'

export interface WorkerDeps {
  readonly node: ClusterNode
  readonly settings: {
    readonly protocol: ProtocolSettings
    /** Chunks worked on at a time, CHUNK_PROCESSING_MAX_PARALLELISM. */
    readonly slots: number
    readonly threads: number
    readonly subPath: string
    readonly deadlines: { readonly mappingMs: number; readonly mappingPerRecordMs: number; readonly savingMs: number }
    readonly saveOutageLimitMs: number
    readonly threadEntry: URL
    /** Look into the table when too few hints come; not needed where the bus itself reads the table. */
    readonly tableFloor: boolean
  }
  readonly stores: Pick<Stores, 'chunks' | 'check' | 'armed' | 'freeze' | 'wake' | 'ping'>
  readonly objects: ObjectStore
  readonly sink: EntitySink
  readonly bus: ChunkBus
  readonly sources: (operationType: OperationType) => RecordSource
  readonly clock: Clock
  readonly logger: Logger
  /** What maps the chunks; threads of this process when absent. */
  readonly engine?: MappingThreads
}

export interface Worker {
  busySlots(): number
  /** Takes no more work, gives running chunks until the deadline, then releases their leases. */
  close(drainMs: number): Promise<void>
}

/** Any number of these, on any number of machines: claims chunks as it has slots, and takes each to its count. */
export async function startWorker(deps: WorkerDeps): Promise<Worker> {
  const { node, settings, stores, bus, clock, logger } = deps
  const engine = deps.engine ?? mappingThreads({ threads: settings.threads, entry: settings.threadEntry, logger })
  const rules = createRulesCache(stores.freeze)
  const slots = pLimit(settings.slots)
  const stopping = new AbortController()
  let accepting = true
  let busy = 0
  let freeSince: number | undefined = clock.monotonic()

  const gate = outageGate({
    probe: async () => {
      await stores.ping()
      await deps.objects.check()
    },
    onChange: regulate,
    clock,
    logger
  })
  const silence = silenceGate(clock)
  const others = othersFirst(clock)
  const floor = settings.tableFloor
    ? startTableFloor({
        chunks: stores.chunks,
        clock,
        offer: onHint,
        onFailure: (error) => notClaimed(error, {}),
        freeSince: () => (mayClaim() ? freeSince : undefined),
        freeSlots: () => settings.slots - busy
      })
    : undefined
  node.reportBusy(() => busy)
  node.follow(regulate)
  await bus.subscribe(onHint)

  function mayClaim(): boolean {
    return accepting && gate.isOpen() && !node.settings().paused && busy < settings.slots
  }

  function regulate(): void {
    const free = mayClaim()
    freeSince = free ? (freeSince ?? clock.monotonic()) : undefined
    if (free) bus.resume()
    else bus.pause()
  }

  /** Whoever found no work because the database is away is no better off than who lost some. */
  function notClaimed(error: unknown, what: Readonly<Record<string, unknown>>): void {
    if (errorKind(error) === 'outage') gate.trip(error)
    else logger.error({ err: error, ...what }, 'claim.failed')
  }

  /** The slot is taken before the claim, so that no lease waits for a slot. */
  async function onHint(hint: Hint): Promise<HintAnswer> {
    if (!mayClaim()) return 'later'
    if (!silence.mayClaim(hint) || !others.mayClaim(hint)) return 'ack'
    busy++
    return new Promise((answer) => {
      void slots(() => work(hint, answer)).finally(() => {
        busy--
        regulate()
        floor?.slotFreed()
        stores.wake.signal('room').catch(() => {})
      })
      regulate()
    })
  }

  async function work(hint: Hint, answer: (answer: HintAnswer) => void): Promise<void> {
    let claim: Claim | null
    try {
      claim = await claimChunk(hint, node.self.id, settings.protocol.leaseMs, { chunks: stores.chunks, logger })
    } catch (error) {
      notClaimed(error, { chunkId: hint.chunkId })
      return answer('later')
    }
    answer('ack')
    if (claim === null) return
    const ports = { ...deps, ...stores, rules, engine }
    const { protocol, deadlines, subPath, saveOutageLimitMs } = settings
    const limits = { ...protocol, ...deadlines, subPath, saveOutageLimitMs }
    const outcome = await processChunk(claim, ports, limits, stopping.signal)
    silence.note(claim, outcome)
    others.note(claim, outcome)
    if (outcome === 'outage') gate.trip(outcome)
  }

  return {
    busySlots: () => busy,
    close: async (drainMs) => {
      accepting = false
      gate.stop()
      floor?.stop()
      bus.pause()
      await idle(drainMs)
      stopping.abort()
      await idle(RELEASE_MS)
      await engine.close()
    }
  }

  async function idle(withinMs: number): Promise<void> {
    const until = clock.monotonic() + withinMs
    while (busy > 0 && clock.monotonic() < until) await clock.sleep(IDLE_POLL_MS)
  }
}

/** For the leases of what could not be drained to be given back. */
const RELEASE_MS = 3000
const IDLE_POLL_MS = 20
