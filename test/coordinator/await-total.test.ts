import { randomUUID } from 'node:crypto'
import type { Clock, Operation, OperationStore } from '@marc-migrations/domain'
import { expect, test } from 'vitest'
import { awaitTotal } from '../../apps/coordinator/src/http/await-total.ts'

const started = {
  id: randomUUID(),
  tenant: 'diku',
  status: 'NEW',
  totalRecords: 0,
  chunkingSealed: false
} as Operation

test('the answer to a start goes out with the first total that is seen', async () => {
  const { clock, slept } = aClock()
  const operation = await awaitTotal(started, reading([started, started, { ...started, totalRecords: 81 }]), clock, never())
  expect(operation.totalRecords).toBe(81)
  expect(slept()).toBeLessThan(1000)
})

test('an empty source is known by its seal', async () => {
  const { clock, slept } = aClock()
  await awaitTotal(started, reading([{ ...started, chunkingSealed: true }]), clock, never())
  expect(slept()).toBeLessThan(100)
})

test('a count that takes too long is not waited for: after 25 s the answer goes out as it is', async () => {
  const { clock, slept } = aClock()
  const operation = await awaitTotal(started, reading([started]), clock, never())
  expect(operation.totalRecords).toBe(0)
  expect(slept()).toBeGreaterThanOrEqual(25_000)
  expect(slept()).toBeLessThan(26_000)
})

test('a closing server does not wait', async () => {
  const { clock, slept } = aClock()
  const closed = new AbortController()
  closed.abort()
  await awaitTotal(started, reading([started]), clock, closed.signal)
  expect(slept()).toBe(0)
})

function never(): AbortSignal {
  return new AbortController().signal
}

/** A clock that does not wait; it tells how long it would have. */
function aClock(): { clock: Clock; slept: () => number } {
  let now = 0
  const sleep = (ms: number) => {
    now += ms
    return Promise.resolve()
  }
  return { clock: { now: () => now, monotonic: () => now, sleep }, slept: () => now }
}

/** The states an operation is seen in, one after the other; the last one stands. */
function reading(states: Operation[]): OperationStore {
  let at = 0
  const get = () => Promise.resolve(states[Math.min(at++, states.length - 1)] ?? null)
  return { get } as unknown as OperationStore
}
