import { describe, expect, test } from 'vitest'
import { chunksOf, withRow } from '../state.ts'
import type { OperationRow } from '../state.ts'
import { faultOf, isEnd, keyOf } from './judge.ts'
import { movesOf } from './moves.ts'
import { PROTOCOL } from './protocol.ts'
import type { Protocol } from './protocol.ts'
import { search } from './search.ts'
import type { Found } from './search.ts'
import { firstWorld, OPERATION } from './world.ts'
import type { Budget } from './world.ts'

/** Multiplies the faults that may happen: 2 takes minutes. */
const DEPTH = Number(process.env['MODEL_DEPTH'] ?? 1)
const LIMIT_MS = 600_000 * DEPTH

const NOTHING: Budget = { faults: 0, retries: 0, pauses: 0, cancels: 0 }

function explore(left: Partial<Budget>, mutation: Partial<Protocol> = {}): Found {
  const moves = movesOf({ ...PROTOCOL, ...mutation })
  return search(firstWorld({ ...NOTHING, ...left }), { moves, key: keyOf, fault: faultOf, isEnd })
}

/**
 * One operation, two chunks written one after the other and then sealed; two workers, two splitters, checkers, publisher, sweeper;
 * messages that are lost and doubled; crashes, leases that lapse under their holders, users who retry, pause and cancel, at
 * every moment.
 */
describe('in every order of events', () => {
  const budgets: readonly Partial<Budget>[] = [
    { faults: 2 * DEPTH },
    { faults: DEPTH, retries: 1 },
    { faults: DEPTH, pauses: 1 },
    { faults: DEPTH, cancels: 1 },
    { retries: 1, cancels: 1 }
  ]
  for (const left of budgets) {
    const what = Object.entries(left).map(([name, times]) => `${times} ${name}`)
    test(`nothing is broken and everything can end: ${what.join(', ')}`, { timeout: LIMIT_MS }, () => {
      const since = performance.now()
      const { states, edges, violation, stuck, moves } = explore(left)
      const seconds = ((performance.now() - since) / 1000).toFixed(1)
      console.log(`model, ${what.join(', ')}: ${states} states, ${edges} fair moves, ${seconds} s`)
      expect(violation).toBeNull()
      expect(stuck).toBeNull()
      for (const kind of expectedMoves(left)) expect(moves.get(kind), kind).toBeGreaterThan(0)
    })
  }

  test('the sweep is no need where workers take what is published from the table', { timeout: LIMIT_MS }, () => {
    const { violation, stuck } = explore({ faults: 1 }, { tableFloor: true, sweep: noSweep })
    expect({ violation, stuck }).toEqual({ violation: null, stuck: null })
  })
})

/** A search in which something did not happen has not shown that it does no harm. */
function expectedMoves({ faults = 0, retries = 0, pauses = 0, cancels = 0 }: Partial<Budget>): readonly string[] {
  const always = ['claim-range', 'page', 'freeze', 'publish', 'deliver', 'upload', 'count', 'sweep', 'check']
  const atFault = [
    'drop',
    'deliver-one-of-two',
    'crash',
    'lapse',
    'lapse-under',
    'give-back',
    'splitter-crash',
    'lapse-range-under'
  ]
  return [
    ...always,
    ...(faults > 0 ? atFault : []),
    ...(retries > 0 ? ['retry', 'look', 'claim'] : []),
    ...(pauses > 0 ? ['pause', 'resume'] : []),
    ...(cancels > 0 ? ['cancel'] : [])
  ]
}

const noSweep: Protocol['sweep'] = (state) => ({ state, answer: { expired: 0, suspects: 0, unclaimed: 0 } })

describe('it is seen at once', () => {
  const caught = (name: string, left: Partial<Budget>, mutation: Partial<Protocol>, fault: RegExp, by = /./) => {
    test(name, { timeout: LIMIT_MS }, () => {
      const { violation } = explore(left, mutation)
      expect(violation?.way.join()).toMatch(by)
      expect(violation?.fault).toMatch(fault)
      console.log(`${name}: ${violation?.way.length} moves: ${violation?.way.join(', ')}`)
    })
  }

  caught(
    'when the count does not test the epoch',
    { faults: 2 },
    {
      count: (state, at, claim, tally) => {
        const epoch = state.chunks[claim.chunkId]?.epoch ?? claim.epoch
        return PROTOCOL.count(state, at, { ...claim, epoch }, tally)
      }
    },
    /^I5 a second count/
  )

  caught(
    'when a stage is ended without the seal',
    {},
    {
      finalise: (state, at, armed, leaseMs) => {
        const { chunkingSealed } = state.operations[OPERATION] as OperationRow
        const sealed = (to: boolean, on: typeof state) =>
          withRow(on, 'operations', OPERATION, { ...(on.operations[OPERATION] as OperationRow), chunkingSealed: to })
        const { state: after, answer } = PROTOCOL.finalise(sealed(true, state), at, armed, leaseMs)
        return { state: sealed(chunkingSealed, after), answer }
      }
    },
    /^I4 ended (unsealed|with sums)/
  )

  caught('when counters follow in a transaction of their own', {}, { countersWithCount: false }, /^I3 counters/)

  caught(
    'when every attempt writes under one name',
    { faults: 2 },
    { objectName: ({ chunkId }) => `${chunkId}_entity` },
    /^I2 the file/
  )

  caught(
    'when the checker tests and sets in one statement',
    { retries: 1 },
    { checkerLocksFirst: false },
    /^I4 ended with/,
    /check-looks,.*retry.*,check-sets/
  )

  caught(
    'when a cancel tests and sets in one statement',
    { cancels: 1 },
    { cancelLocksFirst: false },
    /^I5 a lease outlives/
  )

  caught(
    'when a page is written without the epoch of its range',
    { faults: 1 },
    {
      commitPage: (state, at, tenant, range, page, leaseMs) => {
        const epoch = state.ranges[range.id]?.epoch ?? range.epoch
        return PROTOCOL.commitPage(state, at, tenant, { ...range, epoch }, page, leaseMs)
      }
    },
    /^I1 two chunks of the same records/
  )

  caught(
    'when a cancel leaves what is published published, for a claim that saw the operation run',
    { cancels: 1 },
    {
      cancel: (state, at, tenant, id, reason) => {
        const { state: after, answer } = PROTOCOL.cancel(state, at, tenant, id, reason)
        const published = chunksOf(after, id).map((chunk) => ({
          ...chunk,
          publishedAt: state.chunks[chunk.id]?.publishedAt ?? null
        }))
        return { state: published.reduce((on, chunk) => withRow(on, 'chunks', chunk.id, chunk), after), answer }
      }
    },
    /^I5 a lease outlives/
  )

  test('when nothing is published again: states that can never end', { timeout: LIMIT_MS }, () => {
    const { violation, stuck } = explore({ faults: 1 }, { sweep: noSweep })
    expect(violation).toBeNull()
    expect(stuck?.states).toBeGreaterThan(0)
    console.log(`nothing published again: ${stuck?.states} states that can never end, the first by ${stuck?.way.join(', ')}`)
  })

  test('when only what was never tried is published: states that can never end', { timeout: LIMIT_MS }, () => {
    const mark: Protocol['mark'] = (state, at, armed, limit) => {
      const tried = chunksOf(state, OPERATION).filter(({ epoch, publishedAt }) => epoch > 0 && publishedAt === null)
      const hidden = tried.reduce((on, chunk) => withRow(on, 'chunks', chunk.id, { ...chunk, nextAttemptAt: null }), state)
      const { state: after, answer } = PROTOCOL.mark(hidden, at, armed, limit)
      return { state: tried.reduce((on, chunk) => withRow(on, 'chunks', chunk.id, chunk), after), answer }
    }
    expect(explore({ faults: 1 }, { mark, tableFloor: true }).stuck?.states).toBeGreaterThan(0)
  })
})
