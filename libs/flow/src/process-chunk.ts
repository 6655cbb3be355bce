import { errorKind } from '@marc-migrations/domain'
import type {
  CheckStore,
  ChunkStore,
  Claim,
  Clock,
  GiveBackReason,
  Logger,
  ObjectStore,
  Tally
} from '@marc-migrations/domain'
import { keepLease } from './keep-lease.ts'
import { remapChunk } from './remap-chunk.ts'
import type { RemapPorts } from './remap-chunk.ts'
import { deleteSavingLeftovers, saveChunk } from './save-chunk.ts'
import type { SavePorts } from './save-chunk.ts'
import { startDeadline } from './start-deadline.ts'
import { stopReason } from './stop-reason.ts'
import { deleteLosers, uploadChunk } from './upload-chunk.ts'

export interface ProcessPorts extends RemapPorts, SavePorts {
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
  /** Time one attempt at mapping has: the larger of the two, by the monotonic clock. */
  readonly mappingMs: number
  readonly mappingPerRecordMs: number
  /** Time one attempt at saving has. */
  readonly savingMs: number
  /** How long a storage module may stay silent before its chunks are failed. */
  readonly saveOutageLimitMs: number
}

/**
 * `released`: the process is stopping. `outage`: a store was away, the chunk is due again and used up no attempt; `silent`: the storage
 * module was. `suspect`: it used one up. `stopped`: no attempt could ever succeed, the operation ends with its reason.
 */
export type ProcessOutcome = 'counted' | 'fenced' | 'released' | 'outage' | 'silent' | 'suspect' | 'stopped'

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
  const deadlineMs = deadlineOf(claim, settings)
  const began = ports.clock.monotonic()
  const dropped = AbortSignal.any([lease.signal, stopping])
  const deadline = startDeadline(deadlineMs, ports.clock)
  // Whatever hangs and hears no signal keeps the chunk a lease longer, not for ever.
  deadline.signal.addEventListener('abort', () => lease.stop(), { once: true })
  const signal = AbortSignal.any([dropped, deadline.signal])
  try {
    const tally = await (claim.stage === 'DATA_MAPPING' ? remapAndUpload() : save())
    if (tally === 'silent') return await giveBack('silent')
    const answer = await ports.chunks.count(claim, tally)
    log(answer === 'counted' ? 'chunk.counted' : 'chunk.fenced', countsOf(tally))
    if (answer === 'counted') await tidyUp(tally).catch((err: unknown) => log('chunk.leftovers', { err }))
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

  async function remapAndUpload(): Promise<Tally> {
    const outcome = await remapChunk(claim, ports, { deadlineMs, dropped, signal })
    return await uploadChunk(claim, outcome, ports.objects, settings.subPath, signal)
  }

  async function save(): Promise<Tally | 'silent'> {
    const saved = await saveChunk(claim, ports, { ...settings, dropped, signal })
    return saved.outcome === 'done' ? saved.tally : 'silent'
  }

  async function tidyUp(tally: Tally): Promise<void> {
    if (tally.stage === 'DATA_SAVING') await deleteSavingLeftovers(claim, tally, ports.objects, settings.subPath)
    else if (claim.epoch > 1) await deleteLosers(claim, ports.objects, settings.subPath)
  }

  async function giveUp(error: unknown): Promise<ProcessOutcome> {
    if (stopping.aborted && claim.stage === 'DATA_SAVING') {
      // The storage module may still be applying the call: nobody takes the chunk up before the lease has run out.
      log('chunk.left-to-its-lease', { err: error })
      return 'released'
    }
    const outcome = stopping.aborted ? 'released' : judge(error)
    if (outcome !== 'stopped') return await giveBack(outcome, error)
    return await stopStage(error)
  }

  async function stopStage(error: unknown): Promise<'stopped' | 'fenced'> {
    const reason = stopReason(error)
    try {
      const stopped = await ports.check.stop(claim, { chunk: claim }, reason)
      log(stopped ? 'operation.stopped' : 'chunk.fenced', { err: error })
      return stopped ? 'stopped' : 'fenced'
    } catch (err) {
      // Whoever claims the chunk next meets the same.
      log('chunk.left-to-its-lease', { err, stopReason: reason })
      return 'stopped'
    }
  }

  async function giveBack<R extends GiveBackReason>(reason: R, error?: unknown): Promise<R> {
    log('chunk.given-back', { outcome: reason, ...(error === undefined ? {} : { err: error }) })
    // A database that does not answer now leaves the lease to run out; that uses up no attempt either.
    await ports.chunks.giveBack(claim, reason).catch((err: unknown) => log('chunk.left-to-its-lease', { err }))
    return reason
  }

  function log(event: string, fields: Record<string, unknown>): void {
    const { tenant, operationId, chunkId, epoch } = claim
    const ms = Math.round(ports.clock.monotonic() - began)
    ports.logger.info({ tenant, operationId, chunkId, epoch, ms, ...fields }, event)
  }
}

function deadlineOf({ stage, recordCount }: Claim, settings: ProcessSettings): number {
  if (stage === 'DATA_SAVING') return settings.savingMs
  return Math.max(settings.mappingMs, settings.mappingPerRecordMs * recordCount)
}

function countsOf(tally: Tally): Record<string, number> {
  return tally.stage === 'DATA_MAPPING'
    ? { mapped: tally.mapped, rejected: tally.rejected }
    : { saved: tally.saved, failed: tally.failed }
}

/** A deadline that passed anywhere but in the mapper passed in a store: nobody's fault. */
function judge(error: unknown): 'outage' | 'suspect' | 'stopped' {
  if (error instanceof Error && (error.name === 'AbortError' || error.name === 'TimeoutError')) return 'outage'
  const kind = errorKind(error)
  return kind === 'final' ? 'stopped' : kind
}
