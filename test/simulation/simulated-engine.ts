import { createHash } from 'node:crypto'
import { MigrationError } from '@marc-migrations/domain'
import type { ChunkRecords, RemapEngine, RemapTask } from '@marc-migrations/domain'
import { remapRecords } from '@marc-migrations/flow'
import type { FaultProfile } from './fault-profile.ts'
import { mappingOf } from './sample-records.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { SimulatedNetwork } from './simulated-network.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { VirtualTime } from './virtual-time.ts'

/** Longer than a lease, and now and then than the deadline. */
const SLOW_MS = [2_000, 14_000] as const

/** The real mapping, in the process itself; time, crashes and deadlines of its threads are the simulation's. */
export function simulatedEngine(
  process: SimulatedProcess,
  world: {
    time: VirtualTime
    profile: FaultProfile
    network: SimulatedNetwork
    isMended: () => boolean
    onCrash: (process: SimulatedProcess) => void
  },
  random: SeededRandom
): RemapEngine & { close(): Promise<void> } {
  const { time, profile, network } = world
  const isPoisoned = ({ records }: RemapTask): boolean => profile.poison && !world.isMended() && isFirst(records)
  const remap: RemapEngine['remap'] = (task, deadlineMs, dropped) =>
    new Promise((resolve, reject) => {
      const slow = !network.calm && random.chance(profile.mapperSlow)
      const isTried = task.giveUpReason === undefined
      const crashes = isTried && (isPoisoned(task) || (!network.calm && random.chance(profile.mapperCrash)))
      const ms = slow ? random.between(...SLOW_MS) : random.between(1, 300)
      const drop = (): void => reject(new MigrationError('LEASE_LOST', {}))
      if (dropped.aborted) return drop()
      dropped.addEventListener('abort', drop, { once: true })
      time.after(Math.min(ms, deadlineMs), () =>
        process.deliver(() => {
          dropped.removeEventListener('abort', drop)
          if (ms > deadlineMs) return reject(new MigrationError('DEADLINE_PASSED', { deadlineMs }))
          if (!crashes) return resolve(remapRecords(task, task.rules === null ? null : mappingOf(task.rules)))
          if (random.chance(0.3)) return world.onCrash(process)
          reject(new MigrationError('MAPPER_CRASHED', { simulated: true }))
        })
      )
    })
  return { remap, close: () => Promise.resolve() }
}

/** Of the records of its source. */
function isFirst(records: ChunkRecords): boolean {
  return records.kind === 'file' ? records.firstRecordIndex === 0 : (records.rows[0]?.marc ?? '').includes('"n0"')
}

/** What an undisturbed attempt makes of these records. */
export function undisturbed(task: RemapTask): {
  readonly files: readonly (string | null)[]
  readonly counts: readonly number[]
} {
  const { entities, rejected, reasons, mapped, rejectedCount } = remapRecords(
    task,
    task.rules === null ? null : mappingOf(task.rules)
  )
  return {
    files: [entities, rejected, reasons].map((bytes) => (bytes.byteLength === 0 ? null : sha256(bytes))),
    counts: [mapped, rejectedCount]
  }
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
