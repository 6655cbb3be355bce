import { expect, test } from 'vitest'
import { deliveryGate } from '../../libs/broker/src/delivery-gate.ts'
import { handClock } from './bus-fixtures.ts'

test('a gate is open until it is shut, and knows for how long it has been shut', async () => {
  const clock = handClock()
  const gate = deliveryGate(clock)
  expect(gate.isOpen()).toBe(true)
  gate.shut()
  await clock.advance(200)
  gate.shut()
  await clock.advance(100)
  expect(gate.isOpen()).toBe(false)
  expect(gate.shutForMs()).toBe(300)
  gate.open()
  expect(gate.shutForMs()).toBe(0)
})

test.each(['open', 'close'] as const)('who waits for the next opening is woken by %s', async (event) => {
  const gate = deliveryGate(handClock())
  gate.shut()
  const waiting = gate.nextOpening(60_000)
  gate[event]()
  await waiting
})

test('who waits is woken when the time is over, or by the signal', async () => {
  const clock = handClock()
  const gate = deliveryGate(clock)
  const abort = new AbortController()
  const timed = gate.nextOpening(1_000)
  const aborted = gate.nextOpening(60_000, abort.signal)
  await clock.advance(1_000)
  await timed
  abort.abort()
  await aborted
})

test('a closed gate stays shut and lets nobody wait', async () => {
  const gate = deliveryGate(handClock())
  gate.close()
  gate.open()
  expect(gate.isOpen()).toBe(false)
  expect(gate.isClosed()).toBe(true)
  await gate.nextOpening(60_000)
})
