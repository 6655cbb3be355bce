import type { Claim } from '@marc-migrations/domain'
import * as twins from '../twins/index.ts'
import { objectName } from './world.ts'

/** The statements as the search makes them: a mutation puts another in the place of one. */
export interface Protocol {
  readonly claimSeeing: typeof twins.claimSeeing
  readonly count: typeof twins.countChunk
  readonly giveBack: typeof twins.giveBackChunk
  readonly mark: typeof twins.markPublished
  readonly sweep: typeof twins.sweepOperation
  readonly freeze: typeof twins.freezeRules
  readonly claimRange: typeof twins.claimRange
  readonly commitPage: typeof twins.commitPage
  readonly finalise: typeof twins.finaliseStage
  readonly retry: typeof twins.retryMapping
  readonly pause: typeof twins.pauseOperation
  readonly resume: typeof twins.resumeOperation
  readonly cancel: typeof twins.cancelOperation
  readonly startSaving: typeof twins.startSaving
  readonly forceRelease: typeof twins.forceReleaseSaveLock
  readonly objectName: (claim: Claim) => string
  /** False: the checker tests and sets in one statement, which waits for the operation's row with an old view of the chunks. */
  readonly checkerLocksFirst: boolean
  readonly cancelLocksFirst: boolean
  /** False: the operation's counters follow the chunk's in a transaction of their own. */
  readonly countersWithCount: boolean
  /** True: workers without a hint claim from the table. */
  readonly tableFloor: boolean
}

export const PROTOCOL: Protocol = {
  claimSeeing: twins.claimSeeing,
  count: twins.countChunk,
  giveBack: twins.giveBackChunk,
  mark: twins.markPublished,
  sweep: twins.sweepOperation,
  freeze: twins.freezeRules,
  claimRange: twins.claimRange,
  commitPage: twins.commitPage,
  finalise: twins.finaliseStage,
  retry: twins.retryMapping,
  pause: twins.pauseOperation,
  resume: twins.resumeOperation,
  cancel: twins.cancelOperation,
  startSaving: twins.startSaving,
  forceRelease: twins.forceReleaseSaveLock,
  objectName,
  checkerLocksFirst: true,
  cancelLocksFirst: true,
  countersWithCount: true,
  tableFloor: false
}
