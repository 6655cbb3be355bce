import { describe, expect, test } from 'vitest'
import { withRow, withRows } from '../model/state.ts'
import * as twins from '../model/twins/index.ts'
import { runSimulation } from './run-simulation.ts'
import type { Mutation } from './simulated-world.ts'

/** Seeds a fault of ours may hide from. */
const SEEDS = 150
const TIMEOUT_MS = 600_000

/** A fault in the product, and the invariants it breaks, one of which has to be named. */
const mutations: readonly (readonly [fault: string, breaks: RegExp, mutation: Mutation])[] = [
  [
    'a count that does not test the epoch',
    /I[1235]/,
    {
      twins: {
        countOnce: (state, at, claim, tally) =>
          twins.countOnce(state, at, { ...claim, epoch: state.chunks[claim.chunkId]?.epoch ?? 0 }, tally)
      }
    }
  ],
  [
    'a count whose answer was lost and that counts again',
    /I5: counted twice/,
    {
      twins: {
        countOnce: (state, at, claim, tally) => {
          const chunk = state.chunks[claim.chunkId]
          if (chunk?.fileEpoch !== claim.epoch) return twins.countOnce(state, at, claim, tally)
          const open = { ...chunk, status: tally.stage, nextAttemptAt: at.now }
          return twins.countOnce(withRow(state, 'chunks', chunk.id, open), at, claim, tally)
        }
      }
    }
  ],
  ['files that are uploaded after the count', /I[12]: .*(missing|file)/, { answersBeforeStoring: true }],
  ['one file name for all attempts at a chunk', /I[12]: .*(missing|file)/, { oneNamePerChunk: true }],
  [
    'a verdict before the split is sealed',
    /I4: .* without a seal/,
    {
      twins: {
        finaliseStage: (state, at, armed, leaseMs) => {
          const operation = state.operations[armed.operationId]
          if (operation === undefined) return twins.finaliseStage(state, at, armed, leaseMs)
          const totalRecords = operation.mappedRecords + operation.rejectedRecords
          const sealed = withRow(state, 'operations', operation.id, { ...operation, chunkingSealed: true, totalRecords })
          const verdict = twins.finaliseStage(sealed, at, armed, leaseMs)
          const ended = verdict.state.operations[operation.id]
          if (verdict.answer.outcome !== 'finalised' || ended === undefined)
            return twins.finaliseStage(state, at, armed, leaseMs)
          const { chunkingSealed } = operation
          return { ...verdict, state: withRow(verdict.state, 'operations', operation.id, { ...ended, chunkingSealed }) }
        }
      }
    }
  ],
  [
    'a page that is written by a splitter who lost its range',
    /I1: .*(in \d+ chunks|bytes of|begins at)/,
    {
      twins: {
        commitPage: (state, at, tenant, range, page, leaseMs) =>
          twins.commitPage(state, at, tenant, { ...range, epoch: state.ranges[range.id]?.epoch ?? 0 }, page, leaseMs)
      }
    }
  ],
  [
    'a cancel that leaves the leases',
    /I[125]: .*(is leased|missing)/,
    {
      twins: {
        cancelOperation: (state, at, tenant, id, stopReason) => {
          const cancelled = twins.cancelOperation(state, at, tenant, id, stopReason)
          return { ...cancelled, state: { ...cancelled.state, chunks: state.chunks } }
        }
      }
    }
  ],
  [
    'a retry that keeps what it will count again',
    /I3/,
    {
      twins: {
        retryMapping: (state, at, tenant, id, chunkIds, headers) => {
          const before = state.operations[id]
          const retried = twins.retryMapping(state, at, tenant, id, chunkIds, headers)
          const operation = retried.state.operations[id]
          if (before === undefined || operation === undefined) return retried
          const { mappedRecords, rejectedRecords } = before
          return {
            ...retried,
            state: withRow(retried.state, 'operations', id, { ...operation, mappedRecords, rejectedRecords })
          }
        }
      }
    }
  ],
  [
    'lost hints that nobody looks for',
    /I7: still open/,
    {
      twins: {
        waitingChunks: (state) => ({ state, answer: [] }),
        sweepOperation: (state, at, armed, republishMs) => {
          const swept = twins.sweepOperation(state, at, armed, republishMs)
          const unheard = Object.values(state.chunks).filter(({ leaseOwner }) => leaseOwner === null)
          return { ...swept, state: withRows(swept.state, 'chunks', unheard) }
        }
      }
    }
  ],
  [
    'leases that never run out',
    /I7: still open/,
    {
      twins: {
        claimChunk: (state, at, hint, worker) => twins.claimChunk(state, at, hint, worker, 1e12),
        renewLease: (state) => ({ state, answer: true })
      }
    }
  ]
]

describe('the simulation notices', () => {
  test.each(mutations)('%s', { timeout: TIMEOUT_MS }, async (_, breaks, mutation) => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { violations } = await runSimulation(seed, mutation)
      if (violations.length === 0) continue
      expect(violations.join('\n')).toMatch(breaks)
      return
    }
    expect.fail(`no seed of ${SEEDS} failed`)
  })
})
