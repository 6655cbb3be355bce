import type { Clock } from '@marc-migrations/domain'

export interface Deadline {
  /** Aborts with a TimeoutError once the time is over. */
  readonly signal: AbortSignal
  stop(): void
}

/** `AbortSignal.timeout` on the clock of the port, so that a replayed run meets its deadlines where it met them before. */
export function startDeadline(ms: number, clock: Clock): Deadline {
  const passed = new AbortController()
  const stopped = new AbortController()
  void clock.sleep(ms, stopped.signal).then(() => {
    if (!stopped.signal.aborted) passed.abort(new DOMException(`${ms} ms are over`, 'TimeoutError'))
  })
  return { signal: passed.signal, stop: () => stopped.abort() }
}
