import { exitCodes, type ExitCode } from '../exit-codes.ts'
import type { PlantedFault } from '../demo-file/demo-file.ts'
import type { CollectedResults } from './collect-results.ts'
import type { Operation } from './migration-api.ts'

export interface Verdict {
  readonly exitCode: ExitCode
  /** In one sentence. */
  readonly words: string
}

/**
 * What a run came to. Files that do not hold what the rows say are the worst, then a stage that was stopped, then rejected
 * records; in a file we made, just the planted ones are rejected and all is well.
 */
export function verdictOf(
  operation: Operation,
  results: CollectedResults,
  planted: readonly PlantedFault[] | undefined
): Verdict {
  const { stopReason } = operation
  if (stopReason === 'cancelled') return { exitCode: exitCodes.cancelled, words: 'Cancelled.' }
  if (stopReason !== undefined) return { exitCode: exitCodes.stopped, words: `Stopped: ${stopReason}.` }
  const differences = [...results.differences, ...differencesInAll(operation, results)]
  if (differences.length > 0) {
    return { exitCode: exitCodes.unexpected, words: `Files and rows differ:\n  ${differences.slice(0, 10).join('\n  ')}` }
  }
  const rejected = results.rejectedIndexes.length
  if (planted !== undefined) return verdictOnPlanted(results.rejectedIndexes, planted)
  if (rejected > 0) return { exitCode: exitCodes.rejected, words: `Finished, ${rejected.toLocaleString('en-US')} rejected.` }
  return { exitCode: exitCodes.done, words: 'Finished.' }
}

function verdictOnPlanted(rejected: readonly number[], planted: readonly PlantedFault[]): Verdict {
  const wanted = planted.map(({ index }) => index)
  const missed = wanted.filter((index) => !rejected.includes(index))
  const wrongly = rejected.filter((index) => !wanted.includes(index))
  if (missed.length === 0 && wrongly.length === 0 && rejected.length === wanted.length) {
    return { exitCode: exitCodes.done, words: `Finished, ${rejected.length} rejected: just the ones broken on purpose.` }
  }
  const words = `Not the records broken on purpose were rejected: missed ${missed.join(', ') || 'none'}, wrongly rejected ${wrongly.slice(0, 20).join(', ') || 'none'}.`
  return { exitCode: exitCodes.unexpected, words }
}

function differencesInAll(operation: Operation, { chunks }: CollectedResults): string[] {
  const sum = (of: 'read' | 'mapped' | 'rejected') => chunks.reduce((total, chunk) => total + chunk[of], 0)
  const pairs: readonly [string, number, number][] = [
    ['read', sum('read'), operation.totalNumOfRecords],
    ['mapped', sum('mapped'), operation.mappedNumOfRecords],
    ['rejected', sum('rejected'), operation.rejectedNumOfRecords ?? 0]
  ]
  return pairs
    .filter(([, files, row]) => files !== row)
    .map(([what, files, row]) => `${what}: ${files} in the files, ${row} counted`)
}
