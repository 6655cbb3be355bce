import { MigrationError } from '@marc-migrations/domain'
import type {
  ArmedStage,
  CheckStore,
  Logger,
  Operation,
  RecordSource,
  SplitRange,
  SplitSizes,
  SplitStore,
  Wake
} from '@marc-migrations/domain'
import { stopReason } from './stop-reason.ts'

/** Below this a split stays in one range, so that chunk boundaries equal FOLIO's wherever anyone could compare. */
export const RECORDS_BEFORE_DIVIDING = 200_000

export interface SplitPorts {
  readonly split: SplitStore
  readonly check: CheckStore
  readonly source: RecordSource
  readonly wake: Wake
  readonly logger: Logger
}

export interface SplitSettings {
  readonly owner: string
  readonly leaseMs: number
  readonly sizes: SplitSizes
  /** Ranges the rest is cut into, once the split has passed RECORDS_BEFORE_DIVIDING. */
  readonly parallelRanges: number
}

/**
 * Splits one range of an operation, page by page, from wherever the last coordinator left it.
 *
 * A page is one transaction under the range's epoch: chunk rows and cursor move together, so a coordinator that dies leaves a
 * range that another takes up at its cursor, and one that wakes late writes nothing.
 *
 * @returns `idle` when there was no range to split
 */
export async function splitIntoChunks(
  stage: ArmedStage,
  operation: Operation,
  ports: SplitPorts,
  settings: SplitSettings,
  signal: AbortSignal
): Promise<'idle' | 'done' | 'divided' | 'fenced'> {
  const range = await ports.split.claimRange(stage.tenant, operation.id, settings.owner, settings.leaseMs)
  if (range === null) return 'idle'
  try {
    return await splitRange(stage, operation, range, ports, settings, signal)
  } catch (error) {
    if (error instanceof MigrationError && error.kind === 'final') {
      const stopped = await ports.check.stop(stage, { range }, stopReason(error))
      ports.logger.warn({ ...stage, err: error }, stopped ? 'split.stopped' : 'split.fenced')
      return 'fenced'
    }
    await ports.split.releaseRange(stage.tenant, range)
    throw error
  }
}

async function splitRange(
  stage: ArmedStage,
  operation: Operation,
  range: SplitRange,
  ports: SplitPorts,
  settings: SplitSettings,
  signal: AbortSignal
): Promise<'done' | 'divided' | 'fenced'> {
  let recordCount = 0
  let askedToDivide = !isWholeSource(range)
  for await (const page of ports.source.split(operation, range, settings.sizes, signal)) {
    const answer = await ports.split.commitPage(stage.tenant, range, page, settings.leaseMs)
    if (answer.outcome === 'fenced') return 'fenced'
    recordCount += page.recordCount
    await ports.wake.signal('room')
    if (page.done) {
      ports.logger.info({ ...stage, recordCount, sealed: answer.sealed }, 'split.done')
      return 'done'
    }
    if (!askedToDivide && recordCount >= RECORDS_BEFORE_DIVIDING) {
      askedToDivide = true // a source that cannot be cut is asked once
      if (await divide(stage, operation, { ...range, cursor: page.cursor }, ports, settings)) return 'divided'
    }
    if (signal.aborted) break
  }
  await ports.split.releaseRange(stage.tenant, range)
  return 'fenced'
}

/** A range that was itself cut off another is not cut again. */
function isWholeSource(range: SplitRange): boolean {
  return range.from === null && range.to === null
}

async function divide(
  stage: ArmedStage,
  operation: Operation,
  range: SplitRange & { readonly cursor: string },
  ports: SplitPorts,
  settings: SplitSettings
): Promise<boolean> {
  const parts = await ports.source.divide(operation, range, settings.parallelRanges)
  if (parts.length < 2) return false
  const answer = await ports.split.divideRange(stage.tenant, range, range.cursor, parts)
  ports.logger.info({ ...stage, parts: parts.length, answer }, 'split.divided')
  return true
}
