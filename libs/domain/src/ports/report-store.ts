import type { Stage } from '../operation.ts'

export const reportStatuses = ['NOT_STARTED', 'IN_PROGRESS', 'COMPLETED', 'ERROR'] as const
export type ReportStatus = (typeof reportStatuses)[number]

/** One row of an error report, as the contract shows it. */
export interface ReportedError {
  readonly operationId: string
  readonly chunkId: string
  readonly stage: Stage
  readonly chunkStatus: 'FAILED'
  /** The entity's id, or `<unknown>`. */
  readonly recordId: string
  readonly message: string
}

/** Error reports as the API asks for them. */
export interface ReportStore {
  /**
   * Begins a report, in place of the one before: in progress and armed, or complete at once when nothing has failed.
   *
   * @returns false when there is no such operation
   */
  request(tenant: string, operationId: string): Promise<boolean>
  /** Null when there is no such operation. */
  status(tenant: string, operationId: string): Promise<ReportStatus | null>
  /** By chunk, then line. Empty for an unknown operation, too. */
  errors(
    tenant: string,
    operationId: string,
    page: { readonly offset: number; readonly limit: number }
  ): Promise<readonly ReportedError[]>
}

/** A report that somebody has to build: an armed row, which may outlive the stage it stood for. */
export interface ArmedReport {
  readonly tenant: string
  readonly operationId: string
}

/** One go at building a report; a later one, or a retry of the operation, fences it. */
export interface ReportBuild extends ArmedReport {
  readonly build: number
}

/** A step that failed, with the file that says why. */
export interface FailedStep {
  readonly stepId: string
  readonly chunkId: string
  /** Place of its chunk in the source. */
  readonly position: number
  readonly stage: Stage
  readonly reasonsKey: string | null
}

export interface ReportRow {
  /** The entity's id, or `<unknown>`. */
  readonly recordId: string
  readonly message: string
}

/** Builds reports in the background, whichever coordinator takes one; it goes on with the next when one dies. */
export interface ReportBuildStore {
  /** Takes up to `limit` armed reports whose turn has come and leaves them alone for `everyMs`. */
  visit(everyMs: number, limit: number): Promise<readonly ArmedReport[]>
  /** Leaves a report alone for so long from now; 0 gives it to whoever looks next. */
  hold(report: ArmedReport, forMs: number): Promise<void>
  /** Takes the build over from whoever had it, and deletes the rows of earlier goes; null when none is in progress. */
  begin(report: ArmedReport): Promise<ReportBuild | null>
  /** Failed steps of both stages; pages are read as the iteration goes. */
  failedSteps(build: ReportBuild): AsyncIterable<FailedStep>
  /**
   * Writes rows of one step; the first is that of line `firstLine` of its file, from 0.
   *
   * @returns false when this build was fenced: leave it
   */
  add(build: ReportBuild, step: FailedStep, firstLine: number, rows: readonly ReportRow[]): Promise<boolean>
  /** Ends the build and takes it off the list; without effect when it was fenced. */
  finish(build: ReportBuild, status: 'COMPLETED' | 'ERROR'): Promise<void>
}
