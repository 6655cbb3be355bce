import { errorKind } from '@marc-migrations/domain'
import type { ArmedStage, ChunkBus, Clock, Hint, Logger, PublishStore } from '@marc-migrations/domain'

/** Due chunks marked in one transaction, at the most. */
export const PUBLISH_LIMIT = 200

/** What a broker may take to answer before the publisher goes on; a hint that comes later is as good, or as little missed. */
const HINTS_WAIT_MS = 250

export interface PublishPorts {
  readonly publish: PublishStore
  readonly bus: ChunkBus
  readonly clock: Clock
  readonly logger: Logger
}

/**
 * Publishes what is due of one operation, as far as its fair share of the window goes.
 *
 * The rows are marked and committed first, the hints sent after: a crash in between costs a hint, which the table floor
 * makes up for, never a chunk. A broker that is away is no error here for the same reason, nor does one that says nothing hold up
 * what the table alone could give.
 *
 * @returns chunks published, and whether more stand due
 */
export async function publishChunks(
  stage: ArmedStage,
  ports: PublishPorts
): Promise<{ readonly published: number; readonly more: boolean }> {
  const demand = await ports.publish.demand(stage, PUBLISH_LIMIT)
  const granted = await ports.publish.reserve(stage, demand)
  if (granted === 0) return { published: 0, more: demand.due > 0 }
  const chunks = await ports.publish.mark(stage, Math.min(granted, PUBLISH_LIMIT))
  if (chunks.length > 0) {
    const sent = new AbortController()
    void send(stage, chunks, ports).finally(() => sent.abort())
    await ports.clock.sleep(HINTS_WAIT_MS, sent.signal)
  }
  return { published: chunks.length, more: demand.due > chunks.length }
}

async function send(
  stage: ArmedStage,
  chunks: readonly { readonly chunkId: string; readonly epoch: number }[],
  ports: PublishPorts
): Promise<void> {
  const { tenant, operationId, stage: step } = stage
  const hints: Hint[] = chunks.map(({ chunkId, epoch }) => ({ v: 1, tenant, operationId, chunkId, step, attempt: epoch }))
  try {
    await ports.bus.publish(hints)
    ports.logger.debug({ ...stage, hints: hints.length }, 'chunks.published')
  } catch (error) {
    const lost = { ...stage, hints: hints.length, err: error }
    if (errorKind(error) !== 'outage') ports.logger.error(lost, 'hints.lost')
    else if (isNews(ports)) ports.logger.warn(lost, 'hints.lost')
  }
}

/** Each publish loses its hints while a broker is away, several times a second; every ten seconds that is news. */
function isNews({ bus, clock }: PublishPorts): boolean {
  const now = clock.monotonic()
  if (now < (quietUntil.get(bus) ?? 0)) return false
  quietUntil.set(bus, now + QUIET_MS)
  return true
}

const QUIET_MS = 10_000
const quietUntil = new WeakMap<ChunkBus, number>()
