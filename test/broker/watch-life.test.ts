import { expect, test } from 'vitest'
import { watchLife } from '../../libs/broker/src/watch-life.ts'
import { handClock } from './bus-fixtures.ts'

async function isSilent(silent: Promise<void>): Promise<boolean> {
  return Promise.race([silent.then(() => true), new Promise<boolean>((resolve) => setImmediate(() => resolve(false)))])
}

test('silence past the limit is told, a sign of life begins it anew', async () => {
  const clock = handClock()
  const life = watchLife(() => 5_000, clock)
  const silent = life.untilSilent()
  for (let i = 0; i < 4; i++) await clock.advance(1_000)
  life.seen()
  for (let i = 0; i < 5; i++) await clock.advance(1_000)
  expect(await isSilent(silent)).toBe(false)
  expect(life.silentForMs()).toBe(5_000)
  await clock.advance(1_000)
  expect(await isSilent(silent)).toBe(true)
})

test('a process that was held up does not take its own silence for the broker’s', async () => {
  const clock = handClock()
  const life = watchLife(() => 5_000, clock)
  const silent = life.untilSilent()
  await clock.advance(60_000)
  expect(await isSilent(silent)).toBe(false)
})

test('nothing is told after the stop', async () => {
  const clock = handClock()
  const life = watchLife(() => 1_000, clock)
  const silent = life.untilSilent()
  life.stop()
  for (let i = 0; i < 5; i++) await clock.advance(1_000)
  expect(await isSilent(silent)).toBe(false)
})

test('a wait begun anew is no sign of life', async () => {
  const clock = handClock()
  const life = watchLife(() => 3_000, clock)
  const silent = life.untilSilent()
  for (let i = 0; i < 3; i++) await clock.advance(1_000)
  life.postpone()
  await clock.advance(1_000)
  expect(await isSilent(silent)).toBe(false)
  expect(life.silentForMs()).toBe(4_000)
})
