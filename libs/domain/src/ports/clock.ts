/** Time, chance and names come from outside, so that a simulation can replay a run. */
export interface Clock {
  /** Wall time in ms; for logs and reports. Leases live on the database's clock. */
  now(): number
  /** Monotonic time in ms; for deadlines. */
  monotonic(): number
  /** Resolves after `ms`, or at once when the signal aborts. Never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** A number in [0, 1). */
export type Random = () => number

/** A fresh UUID. */
export type NewId = () => string
