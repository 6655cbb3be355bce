import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { skipSuite } from '../support/skips.ts'
import { headersOf, until } from '../system/jobs.ts'
import type { Process } from '../system/processes.ts'
import { faultsOn } from './fault.ts'
import { aJob, attemptsOf, expectAlive, failpoints, pace, TENANT, untilCounted, untilSound } from './jobs-under-fault.ts'
import { serversMissing, theServers } from './site.ts'

const missing = serversMissing()
/** Thirty times within a minute. */
const TIMES = 30
const EVERY_MS = 2_000
const TERMINATE = `
  select count(pg_terminate_backend(pid))::int as ended from pg_stat_activity
   where datname = current_database() and application_name = 'marc-migrations'`

describe.skipIf(missing !== undefined && skipSuite('faults of PostgreSQL', missing, 'server'))(
  'faults of PostgreSQL',
  () => {
    const fault = faultsOn(theServers())

    fault(
      'F11 all connections are ended every two seconds for a minute',
      {
        done: 'pg_terminate_backend on every connection of the product, 30 times, 2 s apart',
        expected: 'work goes on all the time, no process ends, no attempt is used'
      },
      async (site, saw) => {
        const coordinator = await site.start('coordinator')
        const workers = await Promise.all([0, 1].map(() => site.start('worker', failpoints(pace(400)))))
        const job = await aJob(site, coordinator, { records: 6000 })
        await untilCounted(site, 5)
        let ended = 0
        let rests = 0
        let counted = (await attemptsOf(site)).counted
        for (let i = 0; i < TIMES; i++) {
          ended += (await site.query<{ ended: number }>(TERMINATE))[0]?.ended ?? 0
          await sleep(EVERY_MS)
          const now = (await attemptsOf(site)).counted
          if (now === counted) rests++
          counted = now
        }
        await untilSound(site, coordinator, job)
        const { repeats, used } = await attemptsOf(site)
        expect(ended).toBeGreaterThan(TIMES)
        expect(rests).toBeLessThan(TIMES / 2)
        expect(used).toBe(0)
        expectAlive(coordinator, ...workers)
        saw(`${ended} connections ended; nothing counted in ${rests} of ${TIMES} intervals; ${repeats} chunks claimed again`)
      }
    )

    fault(
      'F12 PostgreSQL falls silent',
      {
        done: 'all connections, and those made later, swallow everything for as long as the API takes to answer; then only those there are',
        expected:
          'each call fails within its limit, the API answers 503 and does not hang; connections are made anew, no attempt is used'
      },
      async (site, saw) => {
        const coordinator = await site.start('coordinator')
        const workers = await Promise.all([0, 1].map(() => site.start('worker', failpoints(pace(200)))))
        const job = await aJob(site, coordinator, { records: 1200 })
        await untilCounted(site, 10)
        site.lines.postgres.blackHole()
        const silent = await ask(coordinator, job.id)
        expect(silent.status).toBe(503)
        saw(`in silence the API answered ${silent.status} after ${silent.ms} ms`)
        await site.lines.postgres.open()

        const { counted } = await attemptsOf(site)
        await untilCounted(site, counted + 5)
        site.lines.postgres.swallow()
        const began = performance.now()
        await until('the API answers again', async () => (await ask(coordinator, job.id)).status === 200)
        saw(`${Math.round(performance.now() - began)} ms after old connections had fallen silent it answered 200`)
        await untilSound(site, coordinator, job)
        expect((await attemptsOf(site)).used).toBe(0)
        expect(site.lines.postgres.swallowed()).toBeGreaterThan(0)
        expectAlive(coordinator, ...workers)
      }
    )
  }
)

async function ask({ url }: Process, id: string): Promise<{ readonly status: number; readonly ms: number }> {
  const began = performance.now()
  const { status } = await fetch(`${url}/marc-migrations/${id}`, { headers: headersOf(TENANT) })
  return { status, ms: Math.round(performance.now() - began) }
}
