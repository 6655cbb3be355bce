import type { Clock } from '@marc-migrations/domain'

/** Whether hints are wanted now. Opened and shut by the worker many times a second, so both cost nothing. */
export interface DeliveryGate {
  open(): void
  shut(): void
  /** Shut for good. */
  close(): void
  isOpen(): boolean
  isClosed(): boolean
  /** For how long it has been shut; 0 while open. */
  shutForMs(): number
  /** Resolves at the next call of `open` (also where it is open already), at `close`, after `ms`, or at the signal. */
  nextOpening(ms: number, signal?: AbortSignal): Promise<void>
}

export function deliveryGate(clock: Clock): DeliveryGate {
  let shutSince: number | undefined
  let closed = false
  const waiting = new Set<AbortController>()

  function wake(): void {
    for (const opened of waiting) opened.abort()
    waiting.clear()
  }

  return {
    open: () => {
      if (closed) return
      shutSince = undefined
      wake()
    },
    shut: () => {
      shutSince ??= clock.monotonic()
    },
    close: () => {
      closed = true
      shutSince ??= clock.monotonic()
      wake()
    },
    isOpen: () => shutSince === undefined,
    isClosed: () => closed,
    shutForMs: () => (shutSince === undefined ? 0 : clock.monotonic() - shutSince),
    nextOpening: async (ms, signal) => {
      if (closed) return
      const opened = new AbortController()
      waiting.add(opened)
      await clock.sleep(ms, signal === undefined ? opened.signal : AbortSignal.any([opened.signal, signal]))
      waiting.delete(opened)
    }
  }
}
