import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import type { SeededRandom } from '../../../apps/cli/src/demo-file/seeded-random.ts'
import { audit, headersOf } from '../../system/jobs.ts'
import type { FolioPeers } from '../../support/folio-peers.ts'
import { aJob, expectUnbroken } from '../jobs-under-fault.ts'
import type { FaultJob } from '../jobs-under-fault.ts'
import { remapStored, startSaving, statusOf } from '../savings.ts'
import type { StoredRecords } from '../savings.ts'
import type { Site } from '../site.ts'
import type { Crew } from './crew.ts'

const ASK_AGAIN_MS = 300
/** Much longer than any harm takes. */
const GIVE_UP_MS = 120_000

/** Asks again until it is answered, as whoever waits for a migration does. */
async function insist<T>(what: () => Promise<T>): Promise<T> {
  for (const until = performance.now() + GIVE_UP_MS; ; await sleep(ASK_AGAIN_MS)) {
    try {
      return await what()
    } catch (error) {
      if (performance.now() > until) throw error
    }
  }
}

/** Whether it was done or refused; a retry of one that was done unheard is refused. */
async function ask(
  crew: Crew,
  { tenant, id }: FaultJob,
  what: 'pause' | 'resume' | 'cancel' | 'retry-failed'
): Promise<void> {
  await insist(async () => {
    const url = `${crew.coordinator().url}/marc-migrations/${id}/${what}`
    const answer = await fetch(url, { method: 'POST', headers: headersOf(tenant), signal: AbortSignal.timeout(20_000) })
    if (answer.status >= 500) throw new Error(`${what} is answered ${answer.status}`)
  })
}

async function untilStatus(crew: Crew, job: FaultJob, is: RegExp): Promise<void> {
  await insist(async () => expect(await statusOf(crew.coordinator(), job)).toMatch(is))
}

/** The auditor finds nothing, and every record is where it belongs. */
async function expectExact(site: Site, job: FaultJob): Promise<void> {
  const manifest = await insist(() => site.stored((stores, objects) => audit(job, stores, objects)))
  expectUnbroken(manifest)
  const { records: total, broken: rejected } = job
  expect(manifest).toMatchObject({ stopReason: null, total, mapped: total - rejected, rejected, drift: 0 })
}

/** Imports one file after the other, and meddles with what runs, until told to stop; each is exact when it ends, in mid-storm. */
export async function importer(
  site: Site,
  crew: Crew,
  chance: SeededRandom,
  tenant: string,
  goesOn: () => boolean
): Promise<readonly FaultJob[]> {
  const jobs: FaultJob[] = []
  while (goesOn()) {
    const file = { tenant, records: chance.between(20, 900), broken: chance.between(0, 5), seed: chance.between(1, 1e6) }
    const job = await insist(() => aJob(site, crew.coordinator(), file))
    const meddling = chance.pick(['none', 'pause', 'cancel', 'retry'])
    await sleep(chance.between(0, 2_000))
    if (meddling === 'pause') {
      await ask(crew, job, 'pause')
      await sleep(1_000)
      await ask(crew, job, 'resume')
    }
    if (meddling === 'cancel') await ask(crew, job, 'cancel')
    await untilStatus(crew, job, /^data_mapping_(completed|failed)$/)
    if (meddling === 'cancel' || meddling === 'retry') {
      await ask(crew, job, 'retry-failed')
      await untilStatus(crew, job, /^data_mapping_(completed|failed)$/)
    }
    await expectExact(site, job)
    jobs.push(job)
  }
  return jobs
}

/** Maps stored records and has them saved. */
export async function saver(site: Site, crew: Crew, modules: FolioPeers, stored: StoredRecords): Promise<FaultJob> {
  const job = await insist(() => remapStored(crew.coordinator(), stored))
  await untilStatus(crew, job, /^data_mapping_completed$/)
  await expectExact(site, job)
  await insist(async () => {
    const coordinator = crew.coordinator()
    if (!(await statusOf(coordinator, job)).startsWith('data_saving')) await startSaving(coordinator, job, modules)
  })
  await untilStatus(crew, job, /^data_saving_/)
  return job
}
