import type { BusHealth, ChunkBus, ChunkStore, Clock, Hint, HintHandler, Logger, Wake } from '@marc-migrations/domain'

export interface TableBusPorts {
  readonly chunks: Pick<ChunkStore, 'waiting'>
  readonly wake: Wake
  readonly clock: Clock
  /** How long it sleeps without a wake, 1000; idle it backs off to five times that. */
  readonly pollMs: number
  readonly logger: Logger
}

/** Hints read at a time; the handler says `later` as soon as its slots are taken. */
const READ_AT_ONCE = 16
const IDLE_BACK_OFF = 5

/**
 * The chunk table as a broker: hands out published, unleased rows as hints, in random order. Publishing is a wake, since the
 * rows are marked already; the claim stays the one statement it is with any broker.
 */
export function tableBus(ports: TableBusPorts): ChunkBus {
  return new TableBus(ports)
}

class TableBus implements ChunkBus {
  private readonly ports: TableBusPorts
  private readonly closing = new AbortController()
  private rest = new AbortController()
  private running: Promise<void> = Promise.resolve()
  private stopListening = () => {}
  private paused = false
  private fault: string | undefined

  constructor(ports: TableBusPorts) {
    this.ports = ports
  }

  async publish(hints: readonly Hint[]): Promise<void> {
    if (hints.length > 0) await this.ports.wake.signal('chunk')
  }

  subscribe(handler: HintHandler): Promise<void> {
    this.stopListening = this.ports.wake.on('chunk', () => this.rest.abort())
    this.running = this.deliver(handler)
    return Promise.resolve()
  }

  pause(): void {
    this.paused = true
  }

  resume(): void {
    this.paused = false
    this.rest.abort()
  }

  health(): Promise<BusHealth> {
    const health = { adapter: 'table', connected: this.fault === undefined }
    return Promise.resolve(this.fault === undefined ? health : { ...health, detail: this.fault })
  }

  async close(deadlineMs: number): Promise<void> {
    this.stopListening()
    this.closing.abort()
    this.rest.abort()
    const timer = new AbortController()
    await Promise.race([this.running, this.ports.clock.sleep(deadlineMs, timer.signal)])
    timer.abort()
  }

  private async deliver(handler: HintHandler): Promise<void> {
    let idleRounds = 0
    let seen = new Set<string>()
    while (!this.closing.signal.aborted) {
      this.rest = new AbortController()
      const hints = this.paused ? [] : await this.read()
      const fresh = hints.some(({ chunkId }) => !seen.has(chunkId))
      seen = new Set(hints.map(({ chunkId }) => chunkId))
      const all = await this.handOut(hints, handler)
      // What was handed out and stands there again is not for this worker now: no reason to hurry.
      if (all && fresh) idleRounds = 0
      else await this.sleep(idleRounds++)
    }
  }

  /** @returns true when every hint was taken */
  private async handOut(hints: readonly Hint[], handler: HintHandler): Promise<boolean> {
    for (const hint of hints) {
      if (this.paused || this.closing.signal.aborted) return false
      if ((await this.hand(hint, handler)) === 'later') return false
    }
    return hints.length > 0
  }

  private async hand(hint: Hint, handler: HintHandler): Promise<'ack' | 'later'> {
    try {
      return await handler(hint, { signal: this.closing.signal })
    } catch (err) {
      this.ports.logger.error({ ...hint, err }, 'hint.handler-threw')
      return 'later'
    }
  }

  private async read(): Promise<readonly Hint[]> {
    try {
      const hints = await this.ports.chunks.waiting(READ_AT_ONCE)
      this.fault = undefined
      return hints
    } catch (err) {
      this.fault = err instanceof Error ? err.message : String(err)
      this.ports.logger.warn({ err }, 'table-bus.unread')
      return []
    }
  }

  private async sleep(idleRounds: number): Promise<void> {
    const ms = this.ports.pollMs * Math.min(IDLE_BACK_OFF, 1 + idleRounds / 4)
    await this.ports.clock.sleep(ms, this.rest.signal)
  }
}
