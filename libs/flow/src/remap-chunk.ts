import { MAX_ATTEMPTS, MigrationError } from '@marc-migrations/domain'
import type { Claim, OperationType, RecordSource, RemapEngine, RemapOutcome } from '@marc-migrations/domain'
import type { RulesCache } from './rules-cache.ts'

export interface RemapPorts {
  readonly sources: (operationType: OperationType) => RecordSource
  readonly rules: RulesCache
  readonly engine: RemapEngine
}

/** What ends an attempt before its time. */
export interface AttemptLimits {
  /** For the mapping thread, which is ended when it passes. */
  readonly deadlineMs: number
  /** The work is no longer ours: lease lost, or the process is stopping. Results are dropped. */
  readonly dropped: AbortSignal
  /** Either of the two; for everything that waits on a store. */
  readonly signal: AbortSignal
}

/**
 * Reads the records of a claimed chunk and maps them in a worker thread, under the rules frozen for it.
 *
 * A chunk out of attempts is not tried again: each of its records is rejected with the reason, so that the files and the counts
 * stay whole.
 */
export async function remapChunk(claim: Claim, ports: RemapPorts, limits: AttemptLimits): Promise<RemapOutcome> {
  if (claim.rulesHash === null) {
    throw new MigrationError('INVARIANT_BROKEN', { what: 'a published chunk has no rules', chunkId: claim.chunkId })
  }
  const [records, rules] = await Promise.all([
    ports.sources(claim.operationType).read(claim, limits.signal),
    ports.rules(claim.tenant, claim.rulesHash)
  ])
  const task = { tenant: claim.tenant, entityType: claim.entityType, records, rules }
  if (claim.attempts < MAX_ATTEMPTS) return ports.engine.remap(task, limits.deadlineMs, limits.dropped)
  const giveUpReason = `Chunk could not be mapped in ${claim.attempts} attempts: each time the process or the mapper died or ran out of time`
  return ports.engine.remap({ ...task, giveUpReason }, limits.deadlineMs, limits.dropped)
}
