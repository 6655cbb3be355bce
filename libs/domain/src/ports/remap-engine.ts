import type { EntityType } from '../operation.ts'
import type { ChunkRecords } from './record-source.ts'
import type { RulesSnapshot } from './rules.ts'

export interface RemapTask {
  readonly tenant: string
  readonly entityType: EntityType
  readonly records: ChunkRecords
  /** Null = frozen as unavailable: every record is rejected with `Failed to fetch mapping metadata`. */
  readonly rules: RulesSnapshot | null
  /** Set when the chunk is out of attempts: no record is mapped, each is rejected with this reason. */
  readonly giveUpReason?: string
}

/** Three files as bytes, one line per record in source order, `\n` after every line. Counts are lines. */
export interface RemapOutcome {
  readonly entities: Uint8Array
  readonly mapped: number
  readonly rejected: Uint8Array
  readonly reasons: Uint8Array
  readonly rejectedCount: number
}

/** Parse, map and serialise one chunk away from the event loop. */
export interface RemapEngine {
  /**
   * @param deadlineMs from when a thread takes it; one that waited for a thread as long as that is refused with a TimeoutError
   * @throws {MigrationError} MAPPER_CRASHED, DEADLINE_PASSED (the thread is ended and replaced), LEASE_LOST on abort
   */
  remap(task: RemapTask, deadlineMs: number, signal: AbortSignal): Promise<RemapOutcome>
}
