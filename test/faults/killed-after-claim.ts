import { expect } from 'vitest'
import type { FaultWords } from './fault.ts'
import { aJob, attemptsOf, expectAlive, failpoints, untilSound } from './jobs-under-fault.ts'
import type { Site } from './site.ts'

export const killedAfterClaim: FaultWords = {
  done: 'one of two workers killed with -9 when it had claimed its third chunk',
  expected: 'the lease runs out, the other repeats the chunk at the next epoch, no count is lost'
}

/** F1, also in the times of production. */
export async function killAfterClaim(
  site: Site,
  saw: (fact: string) => void,
  times: Readonly<Record<string, string>> = {}
): Promise<void> {
  const coordinator = await site.start('coordinator', times)
  const killed = await site.start('worker', { ...times, ...failpoints('after.chunks.claim=kill@3') })
  const other = await site.start('worker', times)
  const job = await aJob(site, coordinator)
  expect(await killed.ended()).toBeNull()
  await untilSound(site, coordinator, job)
  const { repeats, used } = await attemptsOf(site)
  expect(repeats).toBeGreaterThan(0)
  expect(used).toBeGreaterThan(0)
  expectAlive(coordinator, other)
  saw(`${repeats} chunks claimed again, ${used} attempts used`)
}
