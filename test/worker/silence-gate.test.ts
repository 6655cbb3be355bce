import type { Clock } from '@marc-migrations/domain'
import { expect, test } from 'vitest'
import { silenceGate } from '../../apps/worker/src/silence-gate.ts'

function aClock(): Clock & { pass(ms: number): void } {
  let now = 0
  return { now: () => now, monotonic: () => now, sleep: () => Promise.resolve(), pass: (ms) => void (now += ms) }
}

const saving = { operationId: 'a', stage: 'DATA_SAVING', step: 'DATA_SAVING' } as const
const mapping = { operationId: 'a', stage: 'DATA_MAPPING', step: 'DATA_MAPPING' } as const

test('a storage module that is silent is asked once after each wait, and each wait is longer', () => {
  const clock = aClock()
  const gate = silenceGate(clock)
  const waits: number[] = []
  for (let probe = 0; probe < 6; probe++) {
    gate.note(saving, 'silent')
    let waited = 0
    while (!gate.mayClaim(saving)) {
      clock.pass(500)
      waited += 500
    }
    expect(gate.mayClaim(saving)).toBe(false)
    waits.push(waited)
  }
  expect(waits).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000])
})

test('the same operation may be mapped, and others saved, meanwhile', () => {
  const gate = silenceGate(aClock())
  gate.note(saving, 'silent')
  expect(gate.mayClaim(mapping)).toBe(true)
  expect(gate.mayClaim({ ...saving, operationId: 'b' })).toBe(true)
})

test('an answer opens the gate at once', () => {
  const gate = silenceGate(aClock())
  gate.note(saving, 'silent')
  gate.note(mapping, 'counted')
  expect(gate.mayClaim(saving)).toBe(false)
  gate.note(saving, 'counted')
  expect(gate.mayClaim(saving)).toBe(true)
})
