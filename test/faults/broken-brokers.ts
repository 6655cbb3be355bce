import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { FaultWords } from './fault.ts'
import { hintsSent, untilHintsAreDone } from './hints.ts'
import { aJob, attemptsOf, expectAlive, failpoints, pace, untilCounted, untilSound } from './jobs-under-fault.ts'
import type { Site } from './site.ts'

type Times = Readonly<Record<string, string>>
/** What is promised is 30 and 60 s; this is for a machine with far too much to do, and the table says how long it was. */
const BACK_MS = 150_000

export const brokerKilled: FaultWords = {
  done: 'the broker killed with -9 in mid-job, started again over the same data after 20 s',
  expected: 'the job goes on meanwhile; within 30 s of the return all members consume, and nothing is lost'
}

/** F13, also in the times of production. */
export async function killTheBroker(site: Site, saw: (fact: string) => void, times: Times = {}): Promise<void> {
  await duringAJob(site, saw, times, async () => {
    await site.kafka.kill()
    await sleep(20_000)
    await site.kafka.restart()
  })
}

export const brokerSilent: FaultWords = {
  done: 'all connections to the broker fall silent in mid-job, without a reset; new ones work',
  expected: 'within 60 s publisher and workers have noticed and are with the broker again'
}

/** F14, also in the times of production. */
export async function silenceTheBroker(site: Site, saw: (fact: string) => void, times: Times = {}): Promise<void> {
  const before = site.lines.kafka.swallowed()
  await duringAJob(site, saw, times, () => Promise.resolve(site.lines.kafka.swallow()))
  expect(site.lines.kafka.swallowed()).toBeGreaterThan(before)
}

async function duringAJob(site: Site, saw: (fact: string) => void, times: Times, harm: () => Promise<void>): Promise<void> {
  const coordinator = await site.start('coordinator', times)
  const workers = await Promise.all([0, 1].map(() => site.start('worker', { ...times, ...failpoints(pace(200)) })))
  const first = await aJob(site, coordinator, { records: 1200 })
  await untilCounted(site, 15)
  await harm()
  const sent = await hintsSent(site)
  const second = await aJob(site, coordinator, { seed: 2, tenant: 'beta', records: 1200 })
  const ms = await untilHintsAreDone(site, workers.length, sent, BACK_MS)
  await untilSound(site, coordinator, first)
  await untilSound(site, coordinator, second)
  expect((await attemptsOf(site)).used + (await attemptsOf(site, 'beta')).used).toBe(0)
  expectAlive(coordinator, ...workers)
  saw(`${ms} ms later both workers had taken every hint, new ones too; no attempt used`)
}
