import type { Claim, Hint, Tally } from '../chunk.ts'

/** `silent`: the storage module did not answer; since when it has not is noted for the whole stage. */
export type GiveBackReason = 'outage' | 'silent' | 'suspect' | 'released'

/** The chunk row under its lease. Every write names the epoch; the database's clock judges the lease. */
export interface ChunkStore {
  /** Null = the hint is stale: counted, fenced, paused, not due, or leased by another. */
  claim(hint: Hint, worker: string, leaseMs: number): Promise<Claim | null>
  /** False = the lease is lost: drop the work. */
  renew(claim: Claim, leaseMs: number): Promise<boolean>
  /** Back to due. `suspect` uses up an attempt and waits min(2^n s, 60 s); the others use none. */
  giveBack(claim: Claim, reason: GiveBackReason): Promise<void>
  /** One transaction: chunk, step, operation counters. `fenced` = another attempt, a retry or a cancel came first. */
  count(claim: Claim, tally: Tally): Promise<'counted' | 'fenced'>
  /** Published, unleased, due chunks of any armed operation, at most `limit`, in random order: the table floor. */
  waiting(limit: number): Promise<readonly Hint[]>
}
