import { MigrationError } from '@marc-migrations/domain'
import type { AuditChunk, AuditStore, Operation, RulesSnapshot, SourceFile, Stores, Wake } from '@marc-migrations/domain'
import { chunksOf, emptyState, lastStep, rangesOf, toChunkView, toOperation } from '../model/state.ts'
import type { At, ChunkRow, ModelState, Outcome } from '../model/state.ts'
import * as twins from '../model/twins/index.ts'
import { databaseStores } from './database-stores.ts'
import type { DatabaseCall, Twins } from './database-stores.ts'
import type { History } from './history.ts'
import { InvariantWatch } from './invariant-watch.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { SimulatedNetwork } from './simulated-network.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { SimulatedRecords } from './simulated-records.ts'
import type { VirtualTime } from './virtual-time.ts'

export interface DatabaseWorld {
  readonly time: VirtualTime
  readonly network: SimulatedNetwork
  readonly history: History
  readonly records: SimulatedRecords
}

/**
 * The database all processes share: the pure twins of its statements, one after the other, each at one moment. What holds after
 * every statement is looked at after every statement.
 */
export class SimulatedDatabase {
  state: ModelState
  readonly sourceFiles = new Map<string, SourceFile>()
  private readonly watch: InvariantWatch
  private readonly at: Omit<At, 'now'>
  private readonly world: DatabaseWorld
  private readonly statements: Twins

  constructor(world: DatabaseWorld, random: SeededRandom, subPath: string, statements: Twins = twins) {
    this.world = world
    this.statements = statements
    this.state = emptyState(subPath)
    this.watch = new InvariantWatch(world.history)
    this.at = { random: () => random.next(), newId: () => random.uuid() }
  }

  operations(): readonly Operation[] {
    return Object.values(this.state.operations).map((row) => toOperation(this.state, row))
  }

  chunks(operationId: string): readonly AuditChunk[] {
    return chunksOf(this.state, operationId).map((row) => toAuditChunk(this.state, row))
  }

  rules(tenant: string, hash: string): RulesSnapshot | undefined {
    return this.state.rules[`${tenant}/${hash}`]
  }

  /** The stores as one process has them: every call goes over the network. */
  seenBy(process: SimulatedProcess, wake: Wake): Stores {
    const once: DatabaseCall = (what, statement) =>
      this.world.network.call(process, 'database', what, () => this.apply(what, statement))
    const again: DatabaseCall = async (what, statement) => {
      try {
        return await once(what, statement)
      } catch (error) {
        if (!(error instanceof MigrationError) || error.code !== 'STORE_UNAVAILABLE') throw error
        return await once(what, statement)
      }
    }
    const { history, records, network, time } = this.world
    return databaseStores({
      ...{ statements: this.statements, once, again, process, wake, history, time },
      sourceFiles: this.sourceFiles,
      audit: this.audit,
      onCounted: ({ chunkId, stage, epoch }) => this.watch.countCommitted(chunkId, stage, epoch),
      storedRecords: records.seenBy(process, network)
    })
  }

  get audit(): AuditStore {
    return {
      operationIds: (tenant) => Promise.resolve(this.operations().flatMap((o) => (o.tenant === tenant ? [o.id] : []))),
      sums: (_, operationId) => Promise.resolve(sumsOf(this.state, operationId)),
      chunks: (_, operationId) => inOrder(this.chunks(operationId))
    }
  }

  private apply<T>(what: string, statement: (state: ModelState, at: At) => Outcome<T>): T {
    const before = this.state
    const { state, answer } = statement(before, { ...this.at, now: this.world.time.now })
    this.state = state
    this.watch.look(what, before, state)
    return answer
  }
}

async function* inOrder<T>(values: readonly T[]): AsyncIterable<T> {
  for (const value of values) yield await Promise.resolve(value)
}

function toAuditChunk(state: ModelState, row: ChunkRow): AuditChunk {
  const step = lastStep(state, row.id, 'DATA_MAPPING')
  const mappingStep =
    step === null
      ? null
      : { status: step.status, errors: step.errors, rejectedKey: step.rejectedKey, reasonsKey: step.reasonsKey }
  return { ...toChunkView(state, row), fileEpoch: row.fileEpoch, mappingStep }
}

function sumsOf(state: ModelState, operationId: string) {
  const chunks = chunksOf(state, operationId)
  const sum = (of: (chunk: ChunkRow) => number): number => chunks.reduce((total, chunk) => total + of(chunk), 0)
  return {
    chunks: chunks.length,
    openChunks: sum(({ nextAttemptAt }) => (nextAttemptAt === null ? 0 : 1)),
    recordCount: sum(({ recordCount }) => recordCount),
    mapped: sum(({ mappedShare }) => mappedShare),
    rejected: sum(({ rejectedShare }) => rejectedShare),
    saved: sum(({ savedShare }) => savedShare),
    unsavedChunks: sum(({ status }) => (status === 'DATA_SAVING_COMPLETED' ? 0 : 1)),
    openRanges: rangesOf(state, operationId).filter(({ done }) => !done).length,
    armed: state.armed[operationId] !== undefined,
    saveLockHeld: Object.values(state.saveLocks).some((lock) => lock.operationId === operationId)
  }
}
