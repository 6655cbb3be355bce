import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import type { FolioPeers } from '../support/folio-peers.ts'
import { fates } from '../support/peer-fate.ts'
import { skipSuite } from '../support/skips.ts'
import { startJob, until } from '../system/jobs.ts'
import { faultsOn } from './fault.ts'
import type { FaultRun } from './fault.ts'
import { attemptsOf, callJob, expectAlive, failpoints, pace, TENANT, untilVerified } from './jobs-under-fault.ts'
import { aStoredJob, startSaving, statusOf, storageModules, untilSaved } from './savings.ts'
import { serversMissing, theServers } from './site.ts'
import type { Site } from './site.ts'

const missing = serversMissing()
const timedOut = {
  done: 'a third of the bulk calls applied, and then cut off or never answered',
  expected: 'a resend leaves the same entities; every record counts as saved once'
}

describe.skipIf(missing !== undefined && skipSuite('faults of saving', missing, 'server'))('faults of saving', () => {
  const fault = faultsOn(theServers())

  for (const [type, entities] of [
    ['authority', 'authorities'],
    ['instance', 'instances']
  ] as const)
    for (const raises of [false, true])
      fault(
        `F33 the storage of ${entities} answers no more after it has applied (a write ${raises ? 'raises' : 'keeps'} the version)`,
        timedOut,
        withModules({ authorityUpsertRaises: raises, instanceUpsertRaises: raises }, async (site, saw, modules) => {
          const coordinator = await site.start('coordinator', SHORT_CALLS)
          const workers = await Promise.all([0, 1].map(() => site.start('worker', SHORT_CALLS)))
          const job = await aStoredJob(site, coordinator, { records: 300, type })
          await untilVerified(site, coordinator, job)
          modules.atRandom(type, UNHEARD)
          await startSaving(coordinator, job, modules)
          await untilSaved(site, coordinator, job, modules, type)
          const unheard = modules.callsTo(type).filter(({ applied, status }) => applied && status === null).length
          expect(unheard).toBeGreaterThan(0)
          expect((await attemptsOf(site)).used).toBe(0)
          expectAlive(coordinator, ...workers)
          saw(`${modules.callsTo(type).length} calls for 30 chunks, ${unheard} of them applied unheard; all saved once`)
        })
      )

  fault(
    'F27 pause, resume and cancel while chunks are saved',
    {
      done: 'a saving paused, resumed, cancelled and taken up again by retry-failed',
      expected:
        'paused: no call to the module any more; cancelled: FAILED with its reason, saved stays; taken up again: all is saved'
    },
    withModules({}, async (site, saw, modules) => {
      const coordinator = await site.start('coordinator')
      await Promise.all([0, 1].map(() => site.start('worker')))
      const job = await aStoredJob(site, coordinator)
      await untilVerified(site, coordinator, job)
      modules.always('authority', fates.slow(400))
      await startSaving(coordinator, job, modules)
      const calls = (): number => modules.callsTo('authority').length
      await until('some are saved', () => Promise.resolve(calls() >= 8))
      expect(await callJob(coordinator, job, 'pause')).toMatchObject({ status: 'data_saving' })
      const leased = `select 1 from ${TENANT}_mod_marc_migrations.operation_chunk where lease_owner is not null`
      await until('no chunk is held', async () => (await site.query(leased)).length === 0, 5_000)
      const paused = calls()
      await sleep(3_000)
      expect(calls()).toBe(paused)
      await callJob(coordinator, job, 'resume')
      await until('more are saved', () => Promise.resolve(calls() >= paused + 4))
      expect(await callJob(coordinator, job, 'cancel')).toMatchObject({
        status: 'data_saving_failed',
        stopReason: 'cancelled'
      })
      await sleep(3_000)
      const cancelled = calls()
      await sleep(2_000)
      expect(calls()).toBe(cancelled)
      expect(await statusOf(coordinator, job)).toBe('data_saving_failed')
      modules.always('authority', null)
      await retryFailed(coordinator.url, job, modules)
      await untilSaved(site, coordinator, job, modules)
      saw(`${paused} calls until the pause, ${cancelled} until the cancel, ${calls()} in all for 60 chunks`)
    })
  )

  fault(
    'F30 two jobs of one tenant and entity type at once',
    {
      done: 'the same records mapped by two jobs at the same time, then both put to saving',
      expected: 'both exact, with files and counters of their own; their savings go one after the other'
    },
    withModules({}, async (site, saw, modules) => {
      const coordinator = await site.start('coordinator')
      await Promise.all([0, 1].map(() => site.start('worker', failpoints(pace(50)))))
      const first = await aStoredJob(site, coordinator)
      const again = await startJob(coordinator.url, TENANT, { operationType: 'remapping' })
      const jobs = [first, { ...first, ...again }]
      for (const job of jobs) await untilVerified(site, coordinator, job)
      modules.always('authority', fates.slow(50))
      for (const job of jobs) await startSaving(coordinator, job, modules)
      const owners = (): string[] =>
        modules.callsTo('authority').map(({ body }) => {
          const { recordsFileName } = body as { recordsFileName: string }
          return jobs.findIndex(({ id }) => recordsFileName.includes(id)).toString()
        })
      for (const job of jobs) await untilSaved(site, coordinator, job, modules)
      const turns = owners().filter((owner, i, all) => owner !== all[i - 1])
      expect(turns).toEqual(['0', '1'])
      expect(owners()).toHaveLength(120)
      saw('60 calls of the first, then 60 of the second')
    })
  )
})

const SHORT_CALLS = { SAVING_CALL_TIMEOUT_MS: '2000' }
const UNHEARD = { seed: 33, share: 0.3, fates: [fates.cutAfter, fates.hangAfter], mostInARow: 2 }

type ModulesRun = (site: Site, saw: (fact: string) => void, modules: FolioPeers) => Promise<void>

/** With storage modules for the time of the run. */
function withModules(options: Parameters<typeof storageModules>[1], run: ModulesRun): FaultRun {
  return async (site, saw) => {
    const modules = await storageModules(site, options)
    try {
      await run(site, saw, modules)
    } finally {
      await modules.stop()
    }
  }
}

async function retryFailed(
  base: string,
  { tenant, id }: { tenant: string; id: string },
  modules: FolioPeers
): Promise<void> {
  const headers = { 'x-okapi-tenant': tenant, 'x-okapi-url': modules.url, 'x-okapi-token': 'of the tests' }
  const answer = await fetch(`${base}/marc-migrations/${id}/retry-failed`, { method: 'POST', headers })
  expect(answer.status).toBe(201)
}
