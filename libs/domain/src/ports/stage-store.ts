import type { Claim, NewChunk } from '../chunk.ts'
import type { OperationStatus, Stage } from '../operation.ts'
import type { SplitRange } from './record-source.ts'
import type { RulesSnapshot } from './rules.ts'

/** The rounds a coordinator makes over the armed operations; reports are a fifth one, of their own store. */
export type Round = 'split' | 'publish' | 'check' | 'sweep'

/** One row of `armed_check`, the only list of running stages. */
export interface ArmedStage {
  readonly tenant: string
  readonly operationId: string
  readonly stage: Stage
  /** Milliseconds since the stage was armed, by the database's clock. */
  readonly armedForMs: number
}

/** A stage by name, for those who did not take it from the list. */
export type StageRef = Pick<ArmedStage, 'tenant' | 'operationId' | 'stage'>

/** The list of running stages, taken by short claims on one column; no lock outlives a call. */
export interface ArmedStore {
  /** Takes up to `limit` rows whose round is due and puts their next visit `everyMs` ahead. */
  visit(round: Round, everyMs: number, limit: number): Promise<readonly ArmedStage[]>
  /** Makes a row due again at `inMs` from now, sooner or later than `visit` had said. */
  revisit(round: Round, armed: ArmedStage, inMs: number): Promise<void>
  /** Removes a row whose schema or operation is gone. */
  disarm(armed: ArmedStage): Promise<void>
  /** Okapi headers of the request that started the stage, decrypted; empty when there are none. */
  headers(stage: StageRef): Promise<Readonly<Record<string, string>>>
}

/** Rules, frozen once per run of the mapping. */
export interface FreezeStore {
  /** Null while nothing is frozen. */
  frozenHash(tenant: string, operationId: string): Promise<string | null>
  /** First writer wins; later ones change nothing. `null` freezes as unavailable. */
  freeze(tenant: string, operationId: string, snapshot: RulesSnapshot | null): Promise<void>
  rules(tenant: string, hash: string): Promise<RulesSnapshot | null>
}

export type PageAnswer =
  /** Written; `sealed` when this page finished the last range. */
  | { readonly outcome: 'committed'; readonly sealed: boolean }
  /** Another coordinator holds the range, or the operation was stopped: leave it. */
  | { readonly outcome: 'fenced' }

export interface SplitStore {
  /** A range that is not done and not leased; its epoch is raised. Null when there is none or the operation does not run. */
  claimRange(tenant: string, operationId: string, owner: string, leaseMs: number): Promise<SplitRange | null>
  /** One transaction: operation locked, cursor moved under the epoch, chunk rows inserted, sealed when it was the last range. */
  commitPage(
    tenant: string,
    range: SplitRange,
    page: { readonly chunks: readonly NewChunk[]; readonly cursor: string; readonly done: boolean },
    leaseMs: number
  ): Promise<PageAnswer>
  /** Ends the range at its cursor and puts the given ranges behind it; under the range's epoch. */
  divideRange(
    tenant: string,
    range: SplitRange,
    cursor: string,
    parts: readonly { from: string; to: string | null }[]
  ): Promise<'divided' | 'fenced'>
  /** Gives the range back to the next coordinator at once. */
  releaseRange(tenant: string, range: SplitRange): Promise<void>
}

/** A hint's worth of a marked chunk. */
export interface PublishedChunk {
  readonly chunkId: string
  readonly epoch: number
}

export interface PublishStore {
  /** Outstanding (published, not counted) and due chunks of one operation; due is counted up to `limit`. */
  demand(armed: ArmedStage, limit: number): Promise<{ outstanding: number; due: number }>
  /**
   * Reserves room in the window shared by all operations: fair over tenants, then over their operations.
   *
   * @returns how many chunks may be published now; the reservation stands until the next call for this operation
   */
  reserve(armed: ArmedStage, demand: { outstanding: number; due: number }): Promise<number>
  /** Marks up to `limit` due chunks published, under the operation's lock. In DATA_SAVING only with the save lock. */
  mark(armed: ArmedStage, limit: number): Promise<readonly PublishedChunk[]>
}

export type Verdict =
  /** `finalised` by this call, which tells of it; `ended` by another before, which has. */
  | {
      readonly outcome: 'finalised' | 'ended'
      readonly status: OperationStatus
      readonly stopReason: string | null
    }
  | { readonly outcome: 'open' }
  /** Schema or operation gone; the armed row was deleted. */
  | { readonly outcome: 'gone' }

/**
 * What a stop rests on. Whoever asks for one may have been held up since it knew, and another stage of the operation run by now, of which it
 * knows nothing: then the chunk or range is no longer its own, or there are headers.
 */
export type StopGround =
  | { readonly chunk: Pick<Claim, 'chunkId' | 'epoch'> }
  | { readonly range: Pick<SplitRange, 'id' | 'epoch'> }
  | { readonly headers: 'missing' }

export interface CheckStore {
  /** One transaction: lock the operation, then test, then set the verdict and delete the armed row. */
  finalise(armed: ArmedStage, leaseMs: number): Promise<Verdict>
  /** Ends the stage FAILED with this reason, if the ground still holds, and says whether it did; open chunks stay open for a retry. */
  stop(stage: StageRef, ground: StopGround, stopReason: string): Promise<boolean>
}

export interface SweepStore {
  /** Expired leases and hints nobody took, back to due. */
  sweep(armed: ArmedStage, republishMs: number): Promise<{ expired: number; suspects: number; unclaimed: number }>
  /** Objects that losing attempts may have left, due for deletion: takes up to `limit` tombstones. */
  takeTombstones(limit: number): Promise<readonly Tombstone[]>
  /** All objects of the tombstone are gone. */
  bury(tombstone: Tombstone): Promise<void>
}

export interface Tombstone {
  readonly id: string
  /** A key that ends with a slash stands for everything below it. */
  readonly keys: readonly string[]
}
