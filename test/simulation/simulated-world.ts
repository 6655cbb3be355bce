import type { NewId, RulesSource, RulesTexts } from '@marc-migrations/domain'
import { faultProfile } from './fault-profile.ts'
import type { FaultProfile } from './fault-profile.ts'
import { History } from './history.ts'
import { Observer } from './observer.ts'
import { fileOfLines, ruleSets } from './sample-records.ts'
import { seededRandom } from './seeded-random.ts'
import type { SeededRandom } from './seeded-random.ts'
import { SimulatedBus } from './simulated-bus.ts'
import { SimulatedDatabase } from './simulated-database.ts'
import type { Twins } from './database-stores.ts'
import { SimulatedNetwork } from './simulated-network.ts'
import { SimulatedObjects } from './simulated-objects.ts'
import type { ObjectFaults } from './simulated-objects.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import { SimulatedRecords } from './simulated-records.ts'
import { SimulatedSink } from './simulated-sink.ts'
import { SimulatedWake } from './simulated-wake.ts'
import * as twins from '../model/twins/index.ts'
import { VirtualTime } from './virtual-time.ts'

export const TENANTS = ['diku', 'college'] as const
export const SUB_PATH = 'sub'

/** An operation that some user will want. */
export interface OperationWish {
  readonly tenant: string
  /** An uploaded file; the tenant's stored records when absent. */
  readonly fileName?: string
  /** Wants it saved as soon as it is mapped. */
  readonly save: boolean
}

/** Everything outside of the processes: it stays when they go. */
export interface World {
  readonly time: VirtualTime
  readonly profile: FaultProfile
  readonly history: History
  readonly observer: Observer
  readonly network: SimulatedNetwork
  readonly database: SimulatedDatabase
  readonly objects: SimulatedObjects
  readonly records: SimulatedRecords
  readonly sink: SimulatedSink
  readonly bus: SimulatedBus
  readonly wake: SimulatedWake
  readonly newId: NewId
  readonly wishes: readonly OperationWish[]
  rulesSeenBy(process: SimulatedProcess): RulesSource
}

/** Faults put into the product, to see that the simulation notices. */
export interface Mutation extends ObjectFaults {
  readonly twins?: Partial<Twins>
}

export function makeWorld(seed: number, mutation: Mutation = {}): World {
  const random = seededRandom(seed)
  const time = new VirtualTime()
  const profile = faultProfile(random.fork())
  const history = new History(time)
  const network = new SimulatedNetwork(time, random.fork(), profile, history)
  const ids = random.fork()
  const newId: NewId = () => ids.uuid()
  const records = new SimulatedRecords(newId)
  const objects = new SimulatedObjects(network, profile.objectsTellHash, mutation)
  const database = new SimulatedDatabase({ time, network, history, records }, random.fork(), SUB_PATH, {
    ...twins,
    ...mutation.twins
  })
  const parts = { time, profile, history, network, database, objects, records, newId }
  const world = {
    ...parts,
    observer: new Observer(history),
    sink: new SimulatedSink(parts, random.fork()),
    bus: new SimulatedBus(parts, random.fork()),
    wake: new SimulatedWake(parts, random.fork()),
    wishes: furnish(parts, random.fork()),
    rulesSeenBy: (process: SimulatedProcess): RulesSource => ({
      fetch: () => network.call(process, 'rules', 'rules.fetch', () => rulesNow(parts))
    })
  }
  return world
}

/** Records, uploaded files, and what the users will wish to be done with them. */
function furnish(world: Pick<World, 'database' | 'objects' | 'records'>, random: SeededRandom): readonly OperationWish[] {
  const brokenShare = random.chance(0.5) ? 0.15 : 0
  for (const tenant of TENANTS) {
    world.records.fill(random, tenant, random.between(0, 13), brokenShare)
  }
  return Array.from({ length: random.between(2, 4) }, (_, i): OperationWish => {
    const tenant = random.pick(TENANTS)
    const save = random.chance(0.5)
    if (random.chance(0.5)) return { tenant, save }
    const fileName = `file${i}`
    const bytes = fileOfLines(random, random.between(0, 13), brokenShare)
    const { key, etag, lengthBytes } = world.objects.put(`${SUB_PATH}/source/${tenant}/${fileName}/1`, bytes)
    const uploadedAt = new Date(0)
    const file = { name: fileName, objectKey: key, etag, lengthBytes, format: 'jsonl', uploadedAt } as const
    world.database.sourceFiles.set(`${tenant}/${fileName}`, file)
    return { tenant, fileName, save }
  })
}

function rulesNow({ profile, time }: Pick<World, 'profile' | 'time'>): RulesTexts {
  const changed = profile.rulesChange && time.now > profile.faultsMs / 3
  const texts = ruleSets[changed ? 1 : 0]
  if (texts === undefined) throw new Error('no rules')
  return texts
}
