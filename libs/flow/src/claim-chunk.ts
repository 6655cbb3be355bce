import type { ChunkStore, Claim, Hint, Logger } from '@marc-migrations/domain'

export interface ClaimPorts {
  readonly chunks: ChunkStore
  readonly logger: Logger
}

/**
 * Turns a hint into a claim: lease and epoch on the chunk row, by one statement.
 *
 * @returns null when the hint is stale; it is done with all the same
 */
export async function claimChunk(hint: Hint, worker: string, leaseMs: number, ports: ClaimPorts): Promise<Claim | null> {
  const claim = await ports.chunks.claim(hint, worker, leaseMs)
  const { tenant, operationId, chunkId } = hint
  if (claim === null) ports.logger.debug({ tenant, operationId, chunkId }, 'hint.stale')
  else ports.logger.debug({ tenant, operationId, chunkId, epoch: claim.epoch, attempts: claim.attempts }, 'chunk.claimed')
  return claim
}
