import { MigrationError } from '@marc-migrations/domain'
import type { ErrorCode } from '@marc-migrations/domain'
import type { FaultProfile } from './fault-profile.ts'
import type { History } from './history.ts'
import type { SeededRandom } from './seeded-random.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { VirtualTime } from './virtual-time.ts'

export type Server = 'database' | 'objects' | 'broker' | 'rules' | 'sink'

const UNAVAILABLE: Readonly<Record<Server, ErrorCode>> = {
  database: 'STORE_UNAVAILABLE',
  objects: 'OBJECTS_UNAVAILABLE',
  broker: 'BROKER_UNAVAILABLE',
  rules: 'RULES_UNAVAILABLE',
  sink: 'SINK_UNAVAILABLE'
}

/** Longer than a lease, shorter than the query timeout of any adapter. */
const SLOW_MS = [1_500, 7_000] as const
const CONNECT_LIMIT_MS = 2_000

/**
 * Between processes and servers. A call is done at one moment, somewhere between being sent and being answered; it may be
 * refused, may take seconds on either way, and its answer may be lost after it was done. What a killed process had sent is
 * done, or not.
 */
export class SimulatedNetwork {
  calm = false
  /** Hears of every call, when it is sent and when its server has done it. */
  overhear: (moment: 'sent' | 'done', process: SimulatedProcess, what: string) => void = () => {}
  /** Calls from before the calm that have not come to their server yet. */
  private late = 0
  private readonly time: VirtualTime
  private readonly random: SeededRandom
  private readonly profile: FaultProfile
  private readonly history: History
  private readonly away = new Set<Server>()
  private readonly cut = new Map<SimulatedProcess, Set<Server>>()

  constructor(time: VirtualTime, random: SeededRandom, profile: FaultProfile, history: History) {
    this.time = time
    this.random = random
    this.profile = profile
    this.history = history
  }

  takeAway(server: Server): void {
    this.away.add(server)
  }

  bringBack(server: Server): void {
    this.away.delete(server)
  }

  /** This process alone no longer reaches the server. */
  cutOff(process: SimulatedProcess, server: Server): void {
    const servers = this.cut.get(process) ?? new Set()
    servers.add(server)
    this.cut.set(process, servers)
  }

  connect(process: SimulatedProcess): void {
    this.cut.delete(process)
  }

  calmDown(): void {
    this.calm = true
    this.away.clear()
    this.cut.clear()
  }

  /** Nothing that was asked for before the calm may still be done. */
  get hasDelivered(): boolean {
    return this.late === 0
  }

  reaches(process: SimulatedProcess, server: Server): boolean {
    return !this.away.has(server) && !(this.cut.get(process)?.has(server) ?? false)
  }

  /**
   * @param apply what the server does, all at once
   * @param signal gives up waiting; what was sent may be done all the same
   */
  call<T>(process: SimulatedProcess, server: Server, what: string, apply: () => T, signal?: AbortSignal): Promise<T> {
    const { time, random } = this
    return new Promise<T>((resolve, reject) => {
      const giveUp = (): void => reject(asError(signal?.reason))
      if (signal?.aborted === true) return giveUp()
      signal?.addEventListener('abort', giveUp, { once: true })
      const answer = (ms: number, settle: () => void): void => {
        time.after(ms, () =>
          process.deliver(() => {
            signal?.removeEventListener('abort', giveUp)
            settle()
          })
        )
      }
      const refuse = (ms: number): void =>
        answer(ms, () => reject(new MigrationError(UNAVAILABLE[server], { what, simulated: true })))

      this.overhear('sent', process, what)
      const isLate = this.calm ? 0 : 1
      this.late += isLate
      time.after(this.latency(), () => {
        this.late -= isLate
        if ((process.state === 'dead' || signal?.aborted === true) && random.chance(0.5)) return
        if (!this.reaches(process, server)) return refuse(random.between(1, CONNECT_LIMIT_MS))
        if (!this.calm && random.chance(this.profile.refused)) return refuse(random.between(1, 20))
        const done = attempt(apply)
        this.history.did(process, what)
        const back = this.latency()
        this.overhear('done', process, what)
        if (!this.calm && random.chance(this.answerLost(server))) {
          this.history.answerLost(what)
          return refuse(back)
        }
        answer(back, () => {
          if (!this.reaches(process, server) && random.chance(0.7)) {
            this.history.answerLost(what)
            reject(new MigrationError(UNAVAILABLE[server], { what, simulated: true }))
          } else if (done.ok) resolve(done.value)
          else reject(asError(done.error))
        })
      })
    })
  }

  private answerLost(server: Server): number {
    const { answerLost, sinkAnswerLost } = this.profile
    return server === 'sink' ? Math.max(answerLost, sinkAnswerLost) : answerLost
  }

  latency(): number {
    if (!this.calm && this.random.chance(this.profile.slow)) return this.random.between(...SLOW_MS)
    return this.random.between(1, 15)
  }
}

function attempt<T>(
  apply: () => T
): { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown } {
  try {
    return { ok: true, value: apply() }
  } catch (error) {
    return { ok: false, error }
  }
}

function asError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
