import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { fates } from '../support/peer-fate.ts'
import { skipSuite } from '../support/skips.ts'
import { until } from '../system/jobs.ts'
import { faultsOn } from './fault.ts'
import {
  aJob,
  attemptsOf,
  expectAlive,
  failpoints,
  pace,
  said,
  untilCounted,
  untilSound,
  untilVerified
} from './jobs-under-fault.ts'
import { aStoredJob, startSaving, storageModules, untilSaved } from './savings.ts'
import { serversMissing, theServers } from './site.ts'
import type { Site } from './site.ts'

const missing = serversMissing()
/** Twenty leases of the fast profile, as ten minutes are ten of production's. */
const AWAY_MS = 60_000
/** For what was on its way when the server went. */
const SETTLE_MS = 8_000
const expected =
  'no attempt used, no chunk failed, no claim by a worker whose breaker is open; the job ends as if undisturbed'

describe.skipIf(missing !== undefined && skipSuite('long outages', missing, 'server'))('long outages', () => {
  const fault = faultsOn(theServers())

  fault('F37 S3 is away for twenty leases', { done: 'no connection to S3 for 60 s in mid-job', expected }, (site, saw) =>
    outage(site, saw, {
      begin: () => site.lines.s3.shut(),
      end: () => site.lines.s3.open(),
      isOpen: 'worker.stops-claiming'
    })
  )

  fault(
    'F37 PostgreSQL is away for twenty leases',
    { done: 'no connection to PostgreSQL for 60 s in mid-job', expected },
    (site, saw) =>
      outage(site, saw, {
        begin: () => site.lines.postgres.shut(),
        end: () => site.lines.postgres.open(),
        isOpen: 'worker.stops-claiming'
      })
  )

  fault(
    'F37 the storage module is away for twenty leases',
    { done: 'every bulk call cut off without an answer for 60 s in mid-saving, while another job is mapped', expected },
    async (site, saw) => {
      const modules = await storageModules(site)
      try {
        const coordinator = await site.start('coordinator')
        const workers = await Promise.all([0, 1].map(() => site.start('worker')))
        const job = await aStoredJob(site, coordinator)
        await untilVerified(site, coordinator, job)
        modules.always('authority', fates.slow(200))
        await startSaving(coordinator, job, modules)
        await until('some are saved', () => Promise.resolve(modules.callsTo('authority').length >= 10))
        modules.always('authority', fates.cutBefore)
        await sleep(SETTLE_MS)
        const before = modules.callsTo('authority').length
        const beside = await aJob(site, coordinator, { seed: 2, tenant: 'beta' })
        await untilSound(site, coordinator, beside)
        await sleep(AWAY_MS - SETTLE_MS)
        const probes = modules.callsTo('authority').length - before
        modules.always('authority', null)
        await untilSaved(site, coordinator, job, modules)
        const { used } = await attemptsOf(site)
        expect(used).toBe(0)
        expectAlive(coordinator, ...workers)
        saw(`${probes} calls in that time, a job of another tenant mapped beside it, ${used} attempts used`)
      } finally {
        await modules.stop()
      }
    }
  )
})

interface Outage {
  readonly begin: () => Promise<void>
  readonly end: () => Promise<void>
  /** Event that tells of an open breaker. */
  readonly isOpen: string
}

async function outage(site: Site, saw: (fact: string) => void, { begin, end, isOpen }: Outage): Promise<void> {
  const coordinator = await site.start('coordinator')
  const workers = await Promise.all([0, 1].map(() => site.start('worker', failpoints(pace(200)))))
  const job = await aJob(site, coordinator, { records: 1200 })
  await untilCounted(site, 15)
  await begin()
  await sleep(SETTLE_MS)
  const atFirst = await claims(site)
  const stopped = workers.filter((worker) => said(worker, isOpen).length > 0).length
  await sleep(AWAY_MS - SETTLE_MS)
  const atLast = await claims(site)
  await end()
  await untilSound(site, coordinator, job)
  expect(stopped).toBe(2)
  expect(atLast - atFirst).toBe(0)
  const { repeats, used } = await attemptsOf(site)
  expect(used).toBe(0)
  expectAlive(coordinator, ...workers)
  saw(`both breakers open, no claim in the last 52 s of it; ${repeats} chunks claimed again, ${used} attempts used`)
}

async function claims(site: Site): Promise<number> {
  const [row] = await site.query<{ n: number }>('select sum(epoch)::int as n from alpha_mod_marc_migrations.operation_chunk')
  return row?.n ?? 0
}
