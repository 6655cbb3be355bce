import type { ChunkStore, Claim, Clock } from '@marc-migrations/domain'

export interface KeptLease {
  /** Aborts when the lease is lost, whoever has it now: drop the work. */
  readonly signal: AbortSignal
  stop(): void
}

/** Renewals that may fail in a row before the lease counts as lost. */
const MISSES_ALLOWED = 1

/**
 * Renews a lease until stopped. It is lost when the database says so, or cannot be asked twice in a row: better to repeat a
 * chunk than to work on one that another may hold.
 */
export function keepLease(
  claim: Claim,
  chunks: ChunkStore,
  clock: Clock,
  times: { readonly leaseMs: number; readonly leaseRenewMs: number }
): KeptLease {
  const lost = new AbortController()
  const stopped = new AbortController()
  const renewing = async (): Promise<void> => {
    let misses = 0
    for (;;) {
      await clock.sleep(times.leaseRenewMs, stopped.signal)
      if (stopped.signal.aborted) return
      const held = await chunks.renew(claim, times.leaseMs).catch(() => undefined)
      misses = held === undefined ? misses + 1 : 0
      if (held === false || misses > MISSES_ALLOWED) return lost.abort()
    }
  }
  void renewing()
  return { signal: lost.signal, stop: () => stopped.abort() }
}
