import { describe, expect, test } from 'vitest'
import { chunksOf, lockKey, withRow } from '../state.ts'
import type { ModelState, OperationRow } from '../state.ts'
import { PROTOCOL } from './protocol.ts'
import type { Protocol } from './protocol.ts'
import { isSavingEnd, savingFaultOf, savingKeyOf } from './saving-judge.ts'
import { savingMovesOf } from './saving-moves.ts'
import { firstSavingWorld, lockOf } from './saving-world.ts'
import type { SavingBudget } from './saving-world.ts'
import { search } from './search.ts'
import type { Found } from './search.ts'
import { NOW, TENANT } from './world.ts'

/** Multiplies the faults that may happen. */
const DEPTH = Number(process.env['MODEL_DEPTH'] ?? 1)
const LIMIT_MS = 600_000 * DEPTH

const NOTHING: SavingBudget = { faults: 0, releases: 0, repeats: 0, retries: 0, pauses: 0, cancels: 0, looks: 0 }

function explore(left: Partial<SavingBudget>, mutation: Partial<Protocol> = {}): Found {
  const moves = savingMovesOf({ ...PROTOCOL, ...mutation })
  const rules = { moves, key: savingKeyOf, fault: savingFaultOf, isEnd: isSavingEnd }
  return search(firstSavingWorld({ ...NOTHING, ...left }), rules)
}

/**
 * Two mapped operations of one tenant and entity type, of two chunks and of one; two workers, publisher, sweeper, checker; messages
 * that are lost and doubled; crashes, leases that lapse under their holders, a storage module that refuses; users who save, save again, take
 * the save lock away, pause, cancel and have a chunk mapped again, at every moment.
 */
describe('two operations that want to be saved, in every order of events', () => {
  const budgets: readonly Partial<SavingBudget>[] = [
    { faults: 2 * DEPTH },
    { faults: DEPTH, releases: 1 },
    { faults: DEPTH, repeats: 1 },
    { releases: 2 * DEPTH },
    { releases: 1, looks: DEPTH },
    { releases: 1, pauses: 1 },
    { pauses: 1, looks: DEPTH },
    { releases: 1, cancels: 1 },
    { cancels: 1, looks: DEPTH },
    { retries: 1, repeats: 1 },
    { retries: 1, looks: DEPTH }
  ]
  for (const left of budgets) {
    const what = Object.entries(left).map(([name, times]) => `${times} ${name}`)
    test(`nothing is broken and everything can end: ${what.join(', ')}`, { timeout: LIMIT_MS }, () => {
      const since = performance.now()
      const { states, edges, violation, stuck, moves } = explore(left)
      const seconds = ((performance.now() - since) / 1000).toFixed(1)
      console.log(`saving, ${what.join(', ')}: ${states} states, ${edges} fair moves, ${seconds} s`)
      expect(violation).toBeNull()
      expect(stuck).toBeNull()
      for (const kind of expectedMoves(left)) expect(moves.get(kind), kind).toBeGreaterThan(0)
    })
  }
})

/** A search in which something did not happen has not shown that it does no harm. */
function expectedMoves(left: Partial<SavingBudget>): readonly string[] {
  const always = ['start-saving', 'publish', 'deliver', 'save', 'count', 'sweep', 'check']
  const seldom: Readonly<Record<keyof SavingBudget, readonly string[]>> = {
    faults: ['drop', 'deliver-one-of-two', 'crash', 'refuse', 'lapse', 'lapse-under', 'give-back', 'leave'],
    releases: ['force-release', 'fenced-leases-end', 'leave'],
    looks: ['look', 'claim'],
    repeats: ['save-listed'],
    retries: ['retry', 'remap'],
    pauses: ['pause', 'resume'],
    cancels: ['cancel']
  }
  return [...always, ...Object.keys(left).flatMap((name) => seldom[name as keyof SavingBudget])]
}

describe('it is seen at once', () => {
  const caught = (name: string, left: Partial<SavingBudget>, mutation: Partial<Protocol>, fault: RegExp) => {
    test(name, { timeout: LIMIT_MS }, () => {
      const { violation } = explore(left, mutation)
      expect(violation?.fault).toMatch(fault)
      console.log(`${name}: ${violation?.fault}, ${violation?.way.length} moves: ${violation?.way.join(', ')}`)
    })
  }

  caught(
    'when the count of a saving does not test the epoch',
    { releases: 1 },
    {
      count: (state, at, claim, tally) => {
        const epoch = state.chunks[claim.chunkId]?.epoch ?? claim.epoch
        return PROTOCOL.count(state, at, { ...claim, epoch }, tally)
      }
    },
    /^I5 a second count/
  )

  caught(
    'when a chunk that was given back is not tested for its epoch',
    { faults: 1, releases: 1 },
    {
      giveBack: (state, at, claim, reason) => {
        const epoch = state.chunks[claim.chunkId]?.epoch ?? claim.epoch
        return PROTOCOL.giveBack(state, at, { ...claim, epoch }, reason)
      }
    },
    /^I5 a zombie gave back/
  )

  caught(
    'when the next saving does not wait for the leases that a force-release fenced',
    { releases: 1 },
    {
      forceRelease: (state, at, tenant, entityType) => {
        const { state: after, answer } = PROTOCOL.forceRelease(state, at, tenant, entityType)
        return { state: withLock(after, { notBefore: NOW }), answer }
      }
    },
    /^I9 two operations are saved at once/
  )

  caught(
    'when a force-release fences nothing',
    { releases: 1 },
    {
      forceRelease: (state) => {
        const answer = lockOf(state)?.operationId ?? null
        return { state: answer === null ? state : withLock(state, { operationId: null, takenAt: null }), answer }
      }
    },
    /^I9 a lease without the lock/
  )

  caught(
    'when a force-release leaves what is published published',
    { releases: 1, looks: 1 },
    {
      forceRelease: (state, at, tenant, entityType) =>
        stillPublished(state, PROTOCOL.forceRelease(state, at, tenant, entityType))
    },
    /^I9 (a lease without the lock|two operations)/
  )

  caught(
    'when a pause gives the lock up under a worker',
    { pauses: 1 },
    {
      pause: (state, at, tenant, id) => {
        const { state: after, answer } = PROTOCOL.pause(state, at, tenant, id)
        const isOwn = lockOf(after)?.operationId === id
        return { state: isOwn ? withLock(after, { operationId: null, takenAt: null }) : after, answer }
      }
    },
    /^I9 a lease without the lock/
  )

  caught(
    'when a saving is published without the lock',
    {},
    {
      mark: (state, at, armed, limit) => {
        const own = withLock(state, { operationId: armed.operationId })
        const { state: after, answer } = PROTOCOL.mark(own, at, armed, limit)
        return { state: { ...after, saveLocks: state.saveLocks }, answer }
      }
    },
    /^I9 a lease without the lock/
  )

  caught(
    'when a saving that begins again keeps the shares of its chunks on the operation',
    { faults: 1, repeats: 1 },
    {
      startSaving: (state, at, tenant, id, chunkIds, options) => {
        const { state: after, answer } = PROTOCOL.startSaving(state, at, tenant, id, chunkIds, options)
        const { savedRecords } = state.operations[id] as OperationRow
        const operation = { ...(after.operations[id] as OperationRow), savedRecords }
        return { state: withRow(after, 'operations', id, operation), answer }
      }
    },
    /^I3 (saved|more)/
  )

  caught(
    'when a mapping that is asked for again leaves the chunks of the saving with their workers',
    { retries: 1 },
    {
      retry: (state, at, tenant, id, chunkIds) => {
        const { state: after, answer } = PROTOCOL.retry(state, at, tenant, id, chunkIds)
        const held = chunksOf(state, id).filter(
          (chunk) => chunk.leaseOwner !== null && chunkIds?.includes(chunk.id) !== true
        )
        return { state: held.reduce((on, chunk) => withRow(on, 'chunks', chunk.id, chunk), after), answer }
      }
    },
    /^I5 a lease outlives its stage/
  )

  caught(
    'when a saving is complete as soon as the sums are',
    { retries: 1, repeats: 1 },
    {
      finalise: (state, at, armed, leaseMs) => {
        const saved = chunksOf(state, armed.operationId).map((chunk) => ({
          ...chunk,
          status: chunk.nextAttemptAt === null ? ('DATA_SAVING_COMPLETED' as const) : chunk.status
        }))
        const seen = saved.reduce((on, chunk) => withRow(on, 'chunks', chunk.id, chunk), state)
        const { state: after, answer } = PROTOCOL.finalise(seen, at, armed, leaseMs)
        return { state: after === seen ? state : { ...after, chunks: state.chunks }, answer }
      }
    },
    /^I4 completed with something unsaved/
  )

  caught(
    'when a cancelled saving keeps the lock',
    { cancels: 1 },
    {
      cancel: (state, at, tenant, id, reason) => {
        const { state: after, answer } = PROTOCOL.cancel(state, at, tenant, id, reason)
        return { state: { ...after, saveLocks: state.saveLocks }, answer }
      }
    },
    /^I9 the lock outlives/
  )

  test('when nothing is published again: states that can never end', { timeout: LIMIT_MS }, () => {
    const sweep: Protocol['sweep'] = (state) => ({ state, answer: { expired: 0, suspects: 0, unclaimed: 0 } })
    const { violation, stuck } = explore({ faults: 1 }, { sweep })
    expect(violation).toBeNull()
    expect(stuck?.states).toBeGreaterThan(0)
    console.log(`nothing published again: ${stuck?.states} states that can never end, the first by ${stuck?.way.join(', ')}`)
  })

  test('when a force-release leaves the lock to nobody: states that can never end', { timeout: LIMIT_MS }, () => {
    const forceRelease: Protocol['forceRelease'] = (state, at, tenant, entityType) => {
      const { state: after, answer } = PROTOCOL.forceRelease(state, at, tenant, entityType)
      return { state: answer === null ? after : withLock(after, { operationId: 'gone' }), answer }
    }
    const { violation, stuck } = explore({ releases: 1 }, { forceRelease })
    expect(violation).toBeNull()
    expect(stuck?.states).toBeGreaterThan(0)
  })
})

function withLock(state: ModelState, change: Partial<NonNullable<ReturnType<typeof lockOf>>>): ModelState {
  const key = lockKey(TENANT, 'authority')
  const lock = lockOf(state) ?? { tenant: TENANT, entityType: 'authority', operationId: null, takenAt: null, notBefore: NOW }
  return withRow(state, 'saveLocks', key, { ...lock, ...change })
}

function stillPublished<T>(before: ModelState, { state, answer }: { readonly state: ModelState; readonly answer: T }) {
  const published = Object.values(state.chunks).map((chunk) => ({
    ...chunk,
    publishedAt: before.chunks[chunk.id]?.publishedAt ?? null
  }))
  return { state: published.reduce((on, chunk) => withRow(on, 'chunks', chunk.id, chunk), state), answer }
}
