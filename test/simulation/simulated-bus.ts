import type { ChunkBus, Hint, HintHandler } from '@marc-migrations/domain'
import type { FaultProfile } from './fault-profile.ts'
import type { History } from './history.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { SimulatedNetwork } from './simulated-network.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { VirtualTime } from './virtual-time.ts'

interface Member {
  readonly process: SimulatedProcess
  readonly handler: HintHandler
  readonly signal: AbortSignal
  paused: boolean
}

const LATE_MS = [1_000, 12_000] as const
/** How long a broker waits for a member that died before it gives its messages to another. */
const SESSION_MS = 2_500
const NOBODY_WAIT_MS = 400
/** Offers after which a hint is forgotten: nothing may hang on one. */
const OFFERS = 40

/** A broker with every freedom the port leaves it: at least once, in no order, now or much later, or not at all. */
export class SimulatedBus {
  private readonly members = new Set<Member>()
  private readonly time: VirtualTime
  private readonly random: SeededRandom
  private readonly profile: FaultProfile
  private readonly network: SimulatedNetwork
  private readonly history: History

  constructor(
    world: { time: VirtualTime; profile: FaultProfile; network: SimulatedNetwork; history: History },
    random: SeededRandom
  ) {
    this.time = world.time
    this.profile = world.profile
    this.network = world.network
    this.history = world.history
    this.random = random
  }

  seenBy(process: SimulatedProcess): ChunkBus {
    const closing = new AbortController()
    let member: Member | undefined
    const setPaused = (paused: boolean): void => {
      if (member !== undefined) member.paused = paused
    }
    return {
      publish: (hints) =>
        this.network.call(process, 'broker', 'bus.publish', () => {
          for (const hint of hints) this.take(hint)
        }),
      subscribe: (handler) => {
        member = { process, handler, signal: closing.signal, paused: false }
        this.members.add(member)
        return Promise.resolve()
      },
      pause: () => setPaused(true),
      resume: () => setPaused(false),
      health: () => Promise.resolve({ adapter: 'simulated', connected: true }),
      close: () => {
        if (member !== undefined) this.members.delete(member)
        closing.abort()
        return Promise.resolve()
      }
    }
  }

  private take(hint: Hint): void {
    const { random, profile } = this
    const { calm } = this.network
    if (!calm && random.chance(profile.hintLost)) {
      this.history.saw('hint lost')
      this.history.hintLost(hint.chunkId)
      return
    }
    const copies = !calm && random.chance(profile.hintDoubled) ? random.between(2, 3) : 1
    for (let copy = 0; copy < copies; copy++) {
      const late = !calm && random.chance(profile.hintLate)
      this.time.after(late ? random.between(...LATE_MS) : random.between(1, 30), () => this.offer(hint, OFFERS))
    }
  }

  private offer(hint: Hint, offersLeft: number): void {
    if (offersLeft === 0) return
    const again = (ms: number): void => {
      this.time.after(ms, () => this.offer(hint, offersLeft - 1))
    }
    const ready = [...this.members].filter(({ process, paused }) => process.state !== 'dead' && !paused)
    if (ready.length === 0) return again(NOBODY_WAIT_MS)
    const member = this.random.pick(ready)
    let answered = false
    member.process.deliver(() => {
      void member.handler(hint, { signal: member.signal }).then((answer) => {
        answered = true
        if (answer === 'later') again(this.random.between(30, 300))
      })
    })
    this.time.after(SESSION_MS, () => {
      if (!answered && member.process.state === 'dead') again(1)
    })
  }
}
