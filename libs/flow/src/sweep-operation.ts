import type { ArmedStage, Logger, ObjectStore, SweepStore } from '@marc-migrations/domain'

export interface SweepPorts {
  readonly sweep: SweepStore
  readonly objects: ObjectStore
  readonly logger: Logger
}

const TOMBSTONES_AT_ONCE = 20

/** Puts chunks whose lease ran out, and hints nobody took, back to due. */
export async function sweepOperation(stage: ArmedStage, ports: SweepPorts, republishMs: number): Promise<void> {
  const swept = await ports.sweep.sweep(stage, republishMs)
  if (swept.expired > 0 || swept.unclaimed > 0) {
    ports.logger.info({ tenant: stage.tenant, operationId: stage.operationId, ...swept }, 'chunks.swept')
  }
}

/** Deletes objects that no row points to any more. A crash in the middle leaves the tombstone, and with it the rest of the work. */
export async function buryObjects(ports: SweepPorts): Promise<number> {
  const tombstones = await ports.sweep.takeTombstones(TOMBSTONES_AT_ONCE)
  for (const tombstone of tombstones) {
    for (const key of tombstone.keys) await ports.objects.delete(key)
    await ports.sweep.bury(tombstone)
  }
  return tombstones.length
}
