import { expect } from 'vitest'
import { until } from '../system/jobs.ts'
import type { FaultWords } from './fault.ts'
import {
  aJob,
  attemptsOf,
  expectAlive,
  failpoints,
  heldBy,
  pace,
  said,
  TENANT,
  untilSound,
  untilStopped
} from './jobs-under-fault.ts'
import type { Site } from './site.ts'

export const zombie: FaultWords = {
  done: 'a worker stopped (SIGSTOP) when it had uploaded its third chunk, woken (SIGCONT) when another had counted that chunk',
  expected: "the zombie's count changes no row, its file is unused and deleted, it says so and works on"
}

/** F9, also in the times of production. */
export async function wakeAZombie(
  site: Site,
  saw: (fact: string) => void,
  times: Readonly<Record<string, string>> = {}
): Promise<void> {
  const coordinator = await site.start('coordinator', times)
  const sleeper = await site.start('worker', { ...times, ...failpoints('before.chunks.count=stop@3') })
  const other = await site.start('worker', { ...times, ...failpoints(pace(50)) })
  const job = await aJob(site, coordinator)
  await untilStopped(sleeper)
  const held = await heldBy(site, sleeper)
  expect(held.length).toBeGreaterThan(0)
  // Only when another has claimed them is the zombie late: between the sweep and the next claim its count would be right.
  const counted = `select 1 from ${TENANT}_mod_marc_migrations.operation_chunk where id = any($1) and file_epoch is null`
  await until('its chunks are counted by the other', async () => (await site.query(counted, [held])).length === 0, 200_000)
  sleeper.kill('SIGCONT')
  const fenced = (): number => said(sleeper, 'chunk.fenced').filter(({ mapped }) => mapped !== undefined).length
  await until('the zombie is fenced', () => Promise.resolve(fenced() > 0))
  await untilSound(site, coordinator, job)
  expect((await attemptsOf(site)).repeats).toBeGreaterThan(0)
  expectAlive(coordinator, sleeper, other)
  saw(`${fenced()} count of the zombie refused`)
}
