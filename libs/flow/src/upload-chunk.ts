import { createHash } from 'node:crypto'
import { chunkObjectNames } from '@marc-migrations/domain'
import type { Claim, ObjectStore, RemapOutcome, StoredFile, Tally } from '@marc-migrations/domain'

/**
 * Writes what a chunk became, whole objects under names that only this epoch can write. A file without lines is not written.
 *
 * @returns the tally to count; every file it names stands
 */
export async function uploadChunk(
  claim: Claim,
  outcome: RemapOutcome,
  objects: ObjectStore,
  subPath: string,
  signal: AbortSignal
): Promise<Tally> {
  const names = chunkObjectNames(subPath, claim)
  const [entities, rejected, reasons] = await Promise.all([
    store(names.entities, outcome.entities),
    store(names.rejected, outcome.rejected),
    store(names.reasons, outcome.reasons)
  ])
  return {
    stage: 'DATA_MAPPING',
    mapped: outcome.mapped,
    rejected: outcome.rejectedCount,
    entities,
    rejectedKey: rejected?.key ?? null,
    reasonsKey: reasons?.key ?? null
  }

  async function store(key: string, bytes: Uint8Array): Promise<StoredFile | null> {
    if (bytes.byteLength === 0) return null
    await objects.put(key, bytes, signal)
    return { key, lengthBytes: bytes.byteLength, sha256: createHash('sha256').update(bytes).digest('hex') }
  }
}

/** Deletes what earlier attempts at this chunk may have left. Their names follow from the epochs; nothing is listed. */
export async function deleteLosers(claim: Claim, objects: ObjectStore, subPath: string): Promise<void> {
  const losers = Array.from({ length: claim.epoch - 1 }, (_, i) => chunkObjectNames(subPath, { ...claim, epoch: i + 1 }))
  await Promise.all(
    losers.flatMap((names) => [names.entities, names.rejected, names.reasons].map((key) => objects.delete(key)))
  )
}
