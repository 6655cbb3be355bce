import type { Clock } from '@marc-migrations/domain'
import { expect, test } from 'vitest'
import { othersFirst } from '../../apps/worker/src/others-first.ts'

const chunkId = 'a chunk'

function aClock(): Clock & { pass(ms: number): void } {
  let now = 0
  return { now: () => now, monotonic: () => now, sleep: () => Promise.resolve(), pass: (ms) => void (now += ms) }
}

test('a chunk that failed here is left to others for a while, counted from when it is on offer again', () => {
  const clock = aClock()
  const others = othersFirst(clock)
  expect(others.mayClaim({ chunkId })).toBe(true)
  others.note({ chunkId }, 'suspect')
  clock.pass(30_000)
  expect(others.mayClaim({ chunkId })).toBe(false)
  expect(others.mayClaim({ chunkId: 'another' })).toBe(true)
  clock.pass(5_000)
  expect(others.mayClaim({ chunkId })).toBe(false)
  clock.pass(4_000)
  expect(others.mayClaim({ chunkId })).toBe(true)
})

test('an attempt that ended without being suspect makes no difference', () => {
  const others = othersFirst(aClock())
  for (const outcome of ['counted', 'fenced', 'outage', 'released'] as const) {
    others.note({ chunkId }, outcome)
    expect(others.mayClaim({ chunkId })).toBe(true)
  }
})

test('only so many failures are remembered, the latest', () => {
  const others = othersFirst(aClock())
  for (let i = 0; i <= 1000; i++) others.note({ chunkId: `chunk ${i}` }, 'suspect')
  expect(others.mayClaim({ chunkId: 'chunk 0' })).toBe(true)
  expect(others.mayClaim({ chunkId: 'chunk 1' })).toBe(false)
})
