import { errorKind, MigrationError } from '@marc-migrations/domain'
import type { CheckStore, ChunkStore, Claim, Clock, Logger, ObjectStore } from '@marc-migrations/domain'
import { keepLease } from './keep-lease.ts'
import { startDeadline } from './start-deadline.ts'
import { remapChunk } from './remap-chunk.ts'
import type { RemapPorts } from './remap-chunk.ts'
import { deleteLosers, uploadChunk } from './upload-chunk.ts'

export interface ProcessPorts extends RemapPorts {
  readonly chunks: ChunkStore
  readonly check: CheckStore
  readonly objects: ObjectStore
  readonly clock: Clock
  readonly logger: Logger
}

export interface ProcessSettings {
  readonly leaseMs: number
  readonly leaseRenewMs: number
  readonly subPath: string
  /** Time one attempt has: the larger of the two, by the monotonic clock. */
  readonly mappingMs: number
  readonly mappingPerRecordMs: number
}

/**
 * `released`: the process is stopping. `outage`: a store was away, the chunk is due again and used up no attempt. `suspect`: it
 * used one up. `stopped`: no attempt could ever succeed, the operation ends with its reason.
 */
export type ProcessOutcome = 'counted' | 'fenced' | 'released' | 'outage' | 'suspect' | 'stopped'

/**
 * Takes one claimed chunk to its count; the hint is done with already, the lease owns the work from here on.
 *
 * Files are uploaded before the chunk is counted, so a count never promises a file that is not there. Their names carry the
 * epoch: a worker that lost its lease may still write, but never over the files that another attempt had counted.
 *
 * Never throws: every failure becomes a row, or is left to the lease to run out.
 */
export async function processChunk(
  claim: Claim,
  ports: ProcessPorts,
  settings: ProcessSettings,
  stopping: AbortSignal
): Promise<ProcessOutcome> {
  const lease = keepLease(claim, ports.chunks, ports.clock, settings)
  const deadlineMs = Math.max(settings.mappingMs, settings.mappingPerRecordMs * claim.recordCount)
  const began = ports.clock.monotonic()
  const dropped = AbortSignal.any([lease.signal, stopping])
  const deadline = startDeadline(deadlineMs, ports.clock)
  const signal = AbortSignal.any([dropped, deadline.signal])
  try {
    const outcome = await remapChunk(claim, ports, { deadlineMs, dropped, signal })
    const tally = await uploadChunk(claim, outcome, ports.objects, settings.subPath, signal)
    const answer = await ports.chunks.count(claim, tally)
    log(answer === 'counted' ? 'chunk.counted' : 'chunk.fenced', { mapped: outcome.mapped, rejected: outcome.rejectedCount })
    if (answer === 'counted' && claim.epoch > 1) await deleteLosers(claim, ports.objects, settings.subPath).catch(() => {})
    return answer
  } catch (error) {
    if (lease.signal.aborted) {
      log('chunk.fenced', { lostLease: true })
      return 'fenced'
    }
    return await giveUp(error)
  } finally {
    lease.stop()
    deadline.stop()
  }

  async function giveUp(error: unknown): Promise<ProcessOutcome> {
    const outcome = stopping.aborted ? 'released' : judge(error)
    log('chunk.given-back', { outcome, err: error })
    const told = outcome === 'stopped' ? ports.check.stop(claim, stopReason(error)) : ports.chunks.giveBack(claim, outcome)
    // A database that does not answer now leaves the lease to run out; that uses up no attempt either.
    await told.catch((err: unknown) => log('chunk.left-to-its-lease', { err }))
    return outcome
  }

  function log(event: string, fields: Record<string, unknown>): void {
    const { tenant, operationId, chunkId, epoch } = claim
    const ms = Math.round(ports.clock.monotonic() - began)
    ports.logger.info({ tenant, operationId, chunkId, epoch, ms, ...fields }, event)
  }
}

/** A deadline that passed anywhere but in the mapper passed in a store: nobody's fault. */
function judge(error: unknown): 'outage' | 'suspect' | 'stopped' {
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')) return 'outage'
  const kind = errorKind(error)
  return kind === 'final' ? 'stopped' : kind
}

/** What no attempt can ever cure ends the operation, and says why. */
function stopReason(error: unknown): string {
  if (!(error instanceof MigrationError)) return 'INVARIANT_BROKEN'
  return error.code === 'OBJECT_NOT_FOUND' ? 'SOURCE_CHANGED' : error.code
}
