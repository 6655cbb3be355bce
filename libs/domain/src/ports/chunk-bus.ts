import type { Hint } from '../chunk.ts'

/** `ack`: the hint is done with (claimed, or proven stale). `later`: no free slot; it may be offered again. */
export type HintAnswer = 'ack' | 'later'
export type HintHandler = (hint: Hint, context: { readonly signal: AbortSignal }) => Promise<HintAnswer>

export interface BusHealth {
  /** Adapter by name, as `/admin/info` and the page show it: `kafka`, `table`. */
  readonly adapter: string
  readonly connected: boolean
  readonly detail?: string
}

/**
 * Carries hints from publisher to workers: Kafka, or the chunk table itself. At least once, in no order; no offset, partition
 * or client type is visible. Handlers last milliseconds: the lease owns the work from the claim on.
 */
export interface ChunkBus {
  /** @throws {MigrationError} BROKER_UNAVAILABLE; the rows stay marked, the table floor finds them */
  publish(hints: readonly Hint[]): Promise<void>
  /** Starts to deliver. A handler never throws; what it throws all the same is logged and counts as `later`. */
  subscribe(handler: HintHandler): Promise<void>
  /** Stops delivery while all slots are busy. */
  pause(): void
  resume(): void
  health(): Promise<BusHealth>
  /** Stops delivery, waits for running handlers and closes, all within the deadline. */
  close(deadlineMs: number): Promise<void>
}
