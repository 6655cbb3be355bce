import { describe, expect } from 'vitest'
import { folioPeers } from '../support/folio-peers.ts'
import { fates } from '../support/peer-fate.ts'
import { skipSuite } from '../support/skips.ts'
import { enableTenant, until, untilTerminal } from '../system/jobs.ts'
import { faultsOn } from './fault.ts'
import {
  aJob,
  attemptsOf,
  callJob,
  expectAlive,
  failpoints,
  pace,
  said,
  TENANT,
  untilCounted,
  untilSound,
  untilVerified
} from './jobs-under-fault.ts'
import { nextVersion } from './next-version.ts'
import { serversMissing, theServers } from './site.ts'
import type { Site } from './site.ts'

const missing = serversMissing()

describe.skipIf(missing !== undefined && skipSuite('faults of coordinators', missing, 'server'))(
  'faults of coordinators',
  () => {
    const fault = faultsOn(theServers())

    fault(
      'F24 three checkers look at once',
      {
        done: 'six jobs one after the other, with three coordinators that look every millisecond',
        expected: 'one of them ends each operation, once'
      },
      async (site, saw) => {
        const often = { CHECK_INTERVAL_MS: '1' }
        const coordinators = await Promise.all([0, 1, 2].map(() => site.start('coordinator', often)))
        await site.start('worker')
        const enders: number[] = []
        for (let i = 0; i < 6; i++) {
          const job = await aJob(site, coordinators[i % 3] ?? fail(), { records: 60, seed: i + 1 })
          await untilSound(site, coordinators[0] ?? fail(), job)
          const ends = coordinators.map(
            (each) => said(each, 'operation.finalised').filter(({ operationId }) => operationId === job.id).length
          )
          expect(ends.reduce((sum, n) => sum + n)).toBe(1)
          enders.push(ends.indexOf(1) + 1)
        }
        saw(`ended once each, by coordinator ${enders.join(', ')}`)
      }
    )

    fault(
      'F25 the process that would end the operation dies',
      {
        done: 'coordinator and worker killed with -9 when all chunks were counted, before the check',
        expected: 'the armed row outlives every process: the next one ends the operation within two ticks'
      },
      async (site, saw) => {
        const killed = await site.start('coordinator', failpoints('before.check.finalise=wait:600000'))
        const worker = await site.start('worker')
        const job = await aJob(site, killed)
        await until('the split is over', async () => (await sealed(site)) && (await attemptsOf(site)).chunks === 60)
        await untilCounted(site, 60)
        for (const each of [killed, worker]) each.kill('SIGKILL')
        await Promise.all([killed.ended(), worker.ended()])
        expect(await statusOf(site)).toBe('DATA_MAPPING')
        const other = await site.start('coordinator')
        const began = performance.now()
        await untilTerminal(other.url, [job], 60_000)
        saw(`ended ${Math.round(performance.now() - began)} ms after the next coordinator was ready`)
        await untilSound(site, other, job)
      }
    )

    fault(
      'F26 all there is has been counted while the split still runs',
      {
        done: 'each page of the split held back for 1.5 s, with workers that have nothing left to do in between',
        expected: 'the operation does not end before the seal'
      },
      async (site, saw) => {
        const coordinator = await site.start('coordinator', failpoints('before.split.commitPage=wait:1500'))
        await Promise.all([0, 1].map(() => site.start('worker')))
        const job = await aJob(site, coordinator)
        let early = 0
        await until('the split is over', async () => {
          const over = await sealed(site)
          const { chunks, counted } = await attemptsOf(site)
          if (!over && chunks > 0 && counted === chunks && (await statusOf(site)) === 'DATA_MAPPING') early++
          return over
        })
        expect(early).toBeGreaterThan(0)
        await untilSound(site, coordinator, job)
        saw(`${early} looks at processed = total without a seal, and an operation that ran on`)
      }
    )

    fault(
      'F32 mapping metadata answers 500, is slow, is there, and changes in mid-job',
      {
        done: 'a gateway whose mapping metadata answers 500 for METADATA_WAIT_MS; then the operation retried, with a 500 and an answer that takes longer than that; then other rules in mid-job',
        expected:
          'without rules every record is rejected; the retry waits for the slow answer and maps all by the rules it froze then, and asks no more'
      },
      async (site, saw) => {
        const gateway = await folioPeers()
        try {
          const env = { RULES_SOURCE: 'folio', OKAPI_URL: gateway.url, METADATA_WAIT_MS: '3000' }
          const asked = (): number => gateway.callsTo('metadata').length
          gateway.always('metadata', fates.answer(500, 'out of order'))
          const coordinator = await site.start('coordinator', env)
          await Promise.all([0, 1].map(() => site.start('worker', { ...env, ...failpoints(pace(100)) })))
          const job = await aJob(site, coordinator)
          await untilVerified(site, coordinator, job, job.records)
          expect(asked()).toBeGreaterThan(1)
          saw(`after ${asked()} answers of 500, ${job.records} of ${job.records} rejected`)

          const before = asked()
          gateway.always('metadata', null)
          gateway.next('metadata', fates.answer(500), fates.slow(4000))
          const began = performance.now()
          await callJob(coordinator, job, 'retry-failed')
          await until('some are mapped again', async () => (await mappedAgain(site)) >= 5)
          const ms = performance.now() - began
          expect(ms).toBeGreaterThan(4000)
          gateway.rules.authority = { ...gateway.rules.authority, rules: '{}' }
          expect(await mappedAgain(site)).toBeLessThan(60)
          const { rulesHashes } = await untilSound(site, coordinator, job)
          expect(rulesHashes).toHaveLength(1)
          expect(asked()).toBe(before + 2)
          saw(
            `the retry waited for a slow answer until ${Math.round(ms)} ms and mapped all by it, though there were other rules meanwhile`
          )
        } finally {
          await gateway.stop()
        }
      }
    )

    fault(
      'F36 the next version is started and migrates while this version runs',
      {
        done: 'a build of the next version, with an expanding migration of each schema, started in mid-job beside processes of this one and enabled for the tenant; then a process of this version started on its schema',
        expected: 'this version works on, and starts, as before; both share the jobs of either'
      },
      async (site, saw) => {
        const next = nextVersion(site.dir)
        const coordinator = await site.start('coordinator')
        // So slow that the job waits for the next version.
        const worker = await site.start('worker', failpoints(pace(2000)))
        const job = await aJob(site, coordinator)
        await untilCounted(site, 4)
        const newer = await site.start('coordinator', {}, { command: next })
        await enableTenant(newer.url, TENANT)
        expect(await hasNextSchema(site)).toBe(true)
        expect((await attemptsOf(site)).counted).toBeLessThan(50)
        const newWorker = await site.start('worker', {}, { command: next })
        const late = await site.start('coordinator')
        await untilSound(site, coordinator, job)

        coordinator.kill('SIGTERM')
        expect(await coordinator.ended()).toBe(0)
        for (const [seed, each] of [newer, late].entries())
          await untilSound(site, each, await aJob(site, each, { seed: seed + 2 }))
        expect((await attemptsOf(site)).used).toBe(0)
        const shares = [worker, newWorker].map((each) => said(each, 'chunk.counted').length)
        expect(Math.min(...shares)).toBeGreaterThan(3)
        expectAlive(worker, late, newer, newWorker)
        saw(`three jobs ended; the worker of this version counted ${shares[0]} chunks, that of the next ${shares[1]}`)
      }
    )
  }
)

function fail(): never {
  throw new Error('no such coordinator')
}

async function operationOf(site: Site): Promise<{ readonly status: string; readonly sealed: boolean } | undefined> {
  const [row] = await site.query<{ status: string; sealed: boolean }>(
    `select status::text, chunking_sealed as sealed from ${TENANT}_mod_marc_migrations.operation`
  )
  return row
}

const sealed = async (site: Site): Promise<boolean> => (await operationOf(site))?.sealed === true
const statusOf = async (site: Site): Promise<string | undefined> => (await operationOf(site))?.status

async function mappedAgain(site: Site): Promise<number> {
  const rows = await site.query(`select 1 from ${TENANT}_mod_marc_migrations.operation_chunk where mapped_share > 0`)
  return rows.length
}

async function hasNextSchema(site: Site): Promise<boolean> {
  const rows = await site.query(
    `select 1 from information_schema.columns where column_name = 'of_next_version' and table_schema = any($1)
      group by table_schema having count(*) > 1`,
    [['marc_migrations_control', `${TENANT}_mod_marc_migrations`]]
  )
  return rows.length === 2
}
