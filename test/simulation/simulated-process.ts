import type { Clock, Logger } from '@marc-migrations/domain'
import type { VirtualTime } from './virtual-time.ts'

/** Wall time at which every run begins. */
const BEGIN = Date.UTC(2026, 0, 1)

export interface ProcessOptions {
  readonly name: string
  /** Its wall clock is wrong by this much. */
  readonly skewMs: number
  /** Its monotonic clock runs this fast, about 1. */
  readonly pace: number
}

/**
 * A process as the world sees it: whatever comes to it, an answer, a message, the end of a sleep, comes through `deliver`. So it
 * can be stopped and woken (what came in between is there when it wakes), or killed at any await: then nothing of it ever
 * runs again, and what it had sent may still be done.
 */
export class SimulatedProcess {
  readonly name: string
  readonly clock: Clock
  /** When it was last woken, or -1. */
  wokenAt = -1
  private readonly time: VirtualTime
  private current: 'running' | 'stopped' | 'dead' = 'running'
  private waiting: (() => void)[] = []

  constructor(time: VirtualTime, { name, skewMs, pace }: ProcessOptions) {
    this.name = name
    this.time = time
    this.clock = {
      now: () => BEGIN + time.now + skewMs,
      monotonic: () => time.now * pace,
      sleep: (ms, signal) => this.sleep(ms / pace, signal)
    }
  }

  get state(): 'running' | 'stopped' | 'dead' {
    return this.current
  }

  deliver(action: () => void): void {
    if (this.current === 'running') action()
    else if (this.current === 'stopped') this.waiting.push(action)
  }

  /** SIGSTOP */
  stop(): void {
    if (this.current === 'running') this.current = 'stopped'
  }

  /** SIGCONT */
  wake(): void {
    if (this.current !== 'stopped') return
    this.current = 'running'
    this.wokenAt = this.time.now
    for (const action of this.waiting.splice(0)) this.time.after(0, () => this.deliver(action))
  }

  /** SIGKILL */
  kill(): void {
    this.current = 'dead'
    this.waiting = []
  }

  private sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) return resolve()
      const wake = (): void => {
        signal?.removeEventListener('abort', abort)
        resolve()
      }
      const timer = this.time.after(ms, () => this.deliver(wake))
      const abort = (): void => {
        timer.cancel()
        resolve()
      }
      signal?.addEventListener('abort', abort, { once: true })
    })
  }
}

/** A logger that hands each event on with its process; nothing is written. */
export function tracingLogger(
  onEvent: (level: 'debug' | 'info' | 'warn' | 'error', event: string, fields: Readonly<Record<string, unknown>>) => void
): Logger {
  const logger: Logger = {
    debug: (fields, event) => onEvent('debug', event, fields),
    info: (fields, event) => onEvent('info', event, fields),
    warn: (fields, event) => onEvent('warn', event, fields),
    error: (fields, event) => onEvent('error', event, fields),
    child: () => logger
  }
  return logger
}
