import { wakeTopics } from '@marc-migrations/domain'
import type { Wake, WakeTopic } from '@marc-migrations/domain'
import type { FaultProfile } from './fault-profile.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { SimulatedNetwork } from './simulated-network.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { VirtualTime } from './virtual-time.ts'

type Listeners = Readonly<Record<WakeTopic, Set<() => void>>>

const SIGNAL_EVERY_MS = 100

/** NOTIFY and LISTEN between the processes; a signal may be lost. */
export class SimulatedWake {
  private readonly listeners = new Map<SimulatedProcess, Listeners>()
  private readonly time: VirtualTime
  private readonly random: SeededRandom
  private readonly profile: FaultProfile
  private readonly network: SimulatedNetwork

  constructor(world: { time: VirtualTime; profile: FaultProfile; network: SimulatedNetwork }, random: SeededRandom) {
    this.time = world.time
    this.profile = world.profile
    this.network = world.network
    this.random = random
  }

  seenBy(process: SimulatedProcess): Wake {
    const own = Object.fromEntries(wakeTopics.map((topic) => [topic, new Set<() => void>()])) as unknown as Listeners
    const held = new Set<WakeTopic>()
    this.listeners.set(process, own)
    return {
      signal: (topic) => {
        for (const listener of own[topic]) listener()
        if (held.has(topic)) return Promise.resolve()
        held.add(topic)
        this.time.after(SIGNAL_EVERY_MS, () => held.delete(topic))
        return this.network.call(process, 'database', 'wake.signal', () => this.tellOthers(process, topic))
      },
      on: (topic, listener) => {
        own[topic].add(listener)
        return () => own[topic].delete(listener)
      }
    }
  }

  private tellOthers(sender: SimulatedProcess, topic: WakeTopic): void {
    for (const [process, listeners] of this.listeners) {
      if (process === sender || process.state === 'dead' || listeners[topic].size === 0) continue
      if (!this.network.calm && this.random.chance(this.profile.wakeLost)) continue
      this.time.after(this.random.between(1, 5), () =>
        process.deliver(() => {
          for (const listener of listeners[topic]) listener()
        })
      )
    }
  }
}
