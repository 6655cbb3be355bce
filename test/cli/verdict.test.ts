import { describe, expect, test } from 'vitest'
import type { CollectedResults } from '../../apps/cli/src/run/collect-results.ts'
import type { Operation } from '../../apps/cli/src/run/migration-api.ts'
import { verdictOf } from '../../apps/cli/src/run/verdict.ts'

const operation = (more: Partial<Operation> = {}): Operation => ({
  id: 'x',
  status: 'data_mapping_completed',
  totalNumOfRecords: 10,
  mappedNumOfRecords: 10,
  ...more
})

const results = (rejectedIndexes: readonly number[] = [], differences: readonly string[] = []): CollectedResults => ({
  chunks: [{ position: 0, read: 10, mapped: 10 - rejectedIndexes.length, rejected: rejectedIndexes.length }],
  differences,
  rejectedIndexes,
  reasons: []
})

const withRejects = (count: number) => operation({ mappedNumOfRecords: 10 - count, rejectedNumOfRecords: count })
const planted = [
  { index: 3, how: 'stray text' },
  { index: 9, how: 'cut off' }
] as const

describe('what a run comes to', () => {
  test.each([
    ['all mapped', operation(), results(), 0, /^Finished\.$/],
    ['some rejected', withRejects(2), results([3, 9]), 3, /2 rejected/],
    ['stopped', operation({ stopReason: 'SOURCE_CHANGED' }), results(), 4, /SOURCE_CHANGED/],
    ['cancelled', operation({ stopReason: 'cancelled' }), results(), 5, /Cancelled/],
    ['a file that lacks a line', operation(), results([], ['chunk 0: 9 entity lines, 10 counted']), 1, /9 entity lines/],
    [
      'files that agree with their chunks, but not with the operation',
      operation({ totalNumOfRecords: 11 }),
      results(),
      1,
      /read: 10 in the files, 11/
    ]
  ])('%s', (_what, given, found, exitCode, words) => {
    const verdict = verdictOf(given, found, undefined)
    expect(verdict.exitCode).toBe(exitCode)
    expect(verdict.words).toMatch(words)
  })

  test.each([
    ['just the planted records rejected', withRejects(2), results([3, 9]), 0, /just the ones broken on purpose/],
    ['a planted record mapped', withRejects(1), results([3]), 1, /missed 9, wrongly rejected none/],
    ['a sound record rejected', withRejects(3), results([3, 4, 9]), 1, /missed none, wrongly rejected 4/],
    ['another record than the planted one', withRejects(2), results([3, 4]), 1, /missed 9, wrongly rejected 4/],
    ['none rejected', operation(), results(), 1, /missed 3, 9/]
  ])('of a file of our own: %s', (_what, given, found, exitCode, words) => {
    const verdict = verdictOf(given, found, planted)
    expect(verdict.exitCode).toBe(exitCode)
    expect(verdict.words).toMatch(words)
  })
})
