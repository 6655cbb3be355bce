import type { EntityType } from '../operation.ts'

/** Whom to ask, and with whose rights. */
export interface SinkRequest {
  readonly tenant: string
  readonly entityType: EntityType
  /** Okapi headers of the request that started the stage, token included; never logged. */
  readonly headers: Readonly<Record<string, string>>
}

/** Asks the storage module to save a file that it reads from the object store itself. */
export interface BulkCall extends SinkRequest {
  /** Key of the file, relative to the bucket. */
  readonly recordsFileName: string
  /** Null = no flag is sent. */
  readonly publishEvents: boolean | null
}

/**
 * `answered`: what the module counted, and its error files. `refused`: another answer than success, final. `silent`: no answer at all,
 * however often it was asked.
 *
 * `outcomeUnknown`: a try of this call may have been applied although its answer did not come, or was that of a gateway.
 */
export type BulkAnswer = { readonly outcomeUnknown: boolean } & (
  | {
      readonly outcome: 'answered'
      readonly errors: number
      readonly errorRecordsFileName: string | null
      readonly errorsFileName: string | null
    }
  | { readonly outcome: 'refused'; readonly status: number; readonly message: string }
  | { readonly outcome: 'silent'; readonly reason: string }
)

/** FOLIO's storage module for one kind of entity. */
export interface EntitySink {
  /**
   * One bulk call, tried three times where the network fails or a gateway is busy (429, 502, 503, 504).
   *
   * @throws {MigrationError} OKAPI_URL_REFUSED, CREDENTIALS_MISSING; the abort of the signal
   */
  save(call: BulkCall, signal: AbortSignal): Promise<BulkAnswer>
  /**
   * Stored entities by id; what is not stored is not in the map.
   *
   * @throws {MigrationError} SINK_UNAVAILABLE; its fact `status` tells an answer that refuses from none
   */
  stored(
    request: SinkRequest,
    ids: readonly string[],
    signal: AbortSignal
  ): Promise<ReadonlyMap<string, Readonly<Record<string, unknown>>>>
}
