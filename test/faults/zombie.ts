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

const done = 'a worker stopped (SIGSTOP) when it had uploaded its third chunk, woken (SIGCONT) when another had'
const expected = "the zombie's count changes no row, its file is unused and deleted, it says so and works on"

export const zombie: FaultWords = { done: `${done} counted that chunk`, expected }
export const earlyZombie: FaultWords = { done: `${done} claimed that chunk and not yet counted it`, expected }

interface Waking {
  readonly times?: Readonly<Record<string, string>>
  /** Of its chunks, as SQL: those for which it is too early. Between the sweep and the next claim its count would be right. */
  readonly tooEarly?: string
  /** Time each chunk takes the other worker, in ms. */
  readonly otherMs?: number
}

/** F9, also in the times of production. */
export async function wakeAZombie(
  site: Site,
  saw: (fact: string) => void,
  { times = {}, tooEarly = 'file_epoch is null', otherMs = 50 }: Waking = {}
): Promise<void> {
  const coordinator = await site.start('coordinator', times)
  const sleeper = await site.start('worker', {
    ...times,
    ...failpoints('before.chunks.count=stop@3'),
    CHUNK_PROCESSING_MAX_PARALLELISM: '1'
  })
  const other = await site.start('worker', { ...times, ...failpoints(pace(otherMs)) })
  const job = await aJob(site, coordinator)
  await untilStopped(sleeper)
  const held = await heldBy(site, sleeper)
  expect(held).toHaveLength(1)
  const early = `select 1 from ${TENANT}_mod_marc_migrations.operation_chunk where id = any($1) and ${tooEarly}`
  await until('another has its chunk', async () => (await site.query(early, [held])).length === 0, 200_000)
  sleeper.kill('SIGCONT')
  const fenced = (): number => said(sleeper, 'chunk.fenced').filter(({ mapped }) => mapped !== undefined).length
  await until('the zombie is fenced', () => Promise.resolve(fenced() > 0))
  await untilSound(site, coordinator, job)
  expect((await attemptsOf(site)).repeats).toBeGreaterThan(0)
  expectAlive(coordinator, sleeper, other)
  saw(`${fenced()} count of the zombie refused`)
}
