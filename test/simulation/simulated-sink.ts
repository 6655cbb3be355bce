import { MigrationError } from '@marc-migrations/domain'
import type { BulkAnswer, BulkCall, EntitySink } from '@marc-migrations/domain'
import type { FaultProfile } from './fault-profile.ts'
import type { History } from './history.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { SimulatedNetwork } from './simulated-network.ts'
import type { SimulatedObjects } from './simulated-objects.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { SimulatedRecords } from './simulated-records.ts'

interface StoredEntity {
  readonly version: number
  readonly entity: Readonly<Record<string, unknown>>
  /** File of the call that wrote it. */
  readonly writtenBy: string
}

interface Line {
  readonly id: string
  readonly _version?: number
}

type Answered = Omit<Extract<BulkAnswer, { outcome: 'answered' }>, 'outcomeUnknown'>

const REFUSED = 'refused'

/**
 * A storage module that keeps authorities: it reads the file it is told from the object store, saves what its version rule allows,
 * and leaves two files about the rest. It may fail in the middle, and its answers may be lost.
 */
export class SimulatedSink {
  readonly stored = new Map<string, StoredEntity>()
  private readonly world: {
    network: SimulatedNetwork
    profile: FaultProfile
    history: History
    objects: SimulatedObjects
    records: SimulatedRecords
  }
  private readonly random: SeededRandom
  private readonly saved = new Set<string>()

  constructor(world: SimulatedSink['world'], random: SeededRandom) {
    this.world = world
    this.random = random
  }

  seenBy(process: SimulatedProcess): EntitySink {
    const { network, history } = this.world
    return {
      save: async (call, signal): Promise<BulkAnswer> => {
        try {
          const answer = await network.call(process, 'sink', 'sink.save', () => this.save(call), signal)
          if (answer !== REFUSED) return { ...answer, outcomeUnknown: false }
          history.saw('saving refused')
          return { outcome: 'refused', status: 500, message: 'simulated', outcomeUnknown: false }
        } catch (error) {
          if (!(error instanceof MigrationError)) throw error
          history.saw('saving silent')
          return { outcome: 'silent', reason: 'simulated', outcomeUnknown: true }
        }
      },
      stored: ({ tenant }, ids, signal) =>
        network.call(
          process,
          'sink',
          'sink.stored',
          () => {
            history.saw('version conflict resolved')
            return new Map(ids.flatMap((id) => this.entryOf(tenant, id)))
          },
          signal
        )
    }
  }

  private entryOf(tenant: string, id: string): readonly (readonly [string, Readonly<Record<string, unknown>>])[] {
    const found = this.stored.get(`${tenant}/${id}`)
    return found === undefined ? [] : [[id, { ...found.entity, _version: found.version }]]
  }

  private save({ tenant, recordsFileName }: BulkCall): Answered | typeof REFUSED {
    const { objects, network, profile } = this.world
    const file = objects.find(recordsFileName)
    if (file === undefined) return REFUSED
    if (this.saved.has(recordsFileName)) this.world.history.saw('file saved twice')
    this.saved.add(recordsFileName)
    const lines = Buffer.from(file.bytes).toString('utf8').split('\n').filter(Boolean)
    const failing = !network.calm && this.random.chance(profile.sinkRefused)
    const reached = failing ? lines.slice(0, this.random.between(0, lines.length)) : lines
    const refused = reached.filter((line) => !this.write(tenant, recordsFileName, JSON.parse(line) as Line))
    if (failing) return REFUSED
    if (refused.length === 0) {
      return { outcome: 'answered', errors: 0, errorRecordsFileName: null, errorsFileName: null }
    }
    const errorRecordsFileName = `${recordsFileName}_failedEntities`
    const errorsFileName = `${recordsFileName}_errors`
    const reasons = refused.map((line) => `${(JSON.parse(line) as Line).id},optimistic locking: another version is stored`)
    objects.put(errorRecordsFileName, Buffer.from(refused.map((line) => `${line}\n`).join('')))
    objects.put(errorsFileName, Buffer.from(reasons.map((line) => `${line}\n`).join('')))
    return { outcome: 'answered', errors: refused.length, errorRecordsFileName, errorsFileName }
  }

  /** Accepts the stored version and later ones, as mod-entities-links does; what has no version is new or accepted. */
  private write(tenant: string, writtenBy: string, line: Line): boolean {
    const { profile, records } = this.world
    const { _version: sent, ...entity } = line
    const key = `${tenant}/${line.id}`
    const before = this.stored.get(key)
    if (before !== undefined && sent !== undefined && sent < before.version) return false
    const version = profile.sinkRaisesVersions ? Math.max(before?.version ?? 0, sent ?? 0) + 1 : (sent ?? 0)
    this.stored.set(key, { version, entity, writtenBy })
    if (profile.sinkRaisesVersions) records.raiseVersion(tenant, line.id, version)
    return true
  }
}
