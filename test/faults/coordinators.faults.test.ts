import { rename, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { defaultRules } from '@marc-migrations/mapping'
import { describe, expect } from 'vitest'
import { skipSuite } from '../support/skips.ts'
import { until, untilTerminal } from '../system/jobs.ts'
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
      'F31 one tenant with 2000 chunks, then another with 5',
      {
        done: 'a job of 5 chunks alone, then again behind a job of 2000 chunks of another tenant',
        expected: 'the small one is done in about three times its time alone: it does not wait for the large one'
      },
      async (site, saw) => {
        const tiny = { RECORDS_CHUNK_SIZE: '2', CHUNK_PERSIST_COUNT: '500' }
        const coordinator = await site.start('coordinator', tiny)
        await Promise.all([0, 1].map(() => site.start('worker', { ...tiny, ...failpoints(pace(50)) })))
        const small = { records: 10, broken: 0, tenant: 'beta' }
        const aloneMs = await timeOf(async () =>
          untilTerminal(coordinator.url, [await aJob(site, coordinator, small)], 60_000)
        )
        const large = await aJob(site, coordinator, { records: 4000 })
        await untilCounted(site, 50)
        const before = (await attemptsOf(site)).counted
        const behind = await aJob(site, coordinator, { ...small, seed: 2 })
        const behindMs = await timeOf(() => untilTerminal(coordinator.url, [behind], 60_000))
        const passed = (await attemptsOf(site)).counted - before
        // Time depends on the machine; how much of the large one went before does not.
        expect(passed).toBeLessThan(200)
        await untilVerified(site, coordinator, behind)
        await untilSound(site, coordinator, large)
        saw(`alone ${aloneMs} ms, behind the large one ${behindMs} ms, ${passed} of whose chunks were counted meanwhile`)
      }
    )

    fault(
      'F32 the mapping rules are away, then there, then changed in mid-job',
      {
        done: 'an operation without rules for METADATA_WAIT_MS, retried when there were some, which were replaced in mid-job',
        expected: 'without rules every record is rejected; the retry maps all, by the rules it froze at its start'
      },
      async (site, saw) => {
        const rules = join(site.dir, 'rules')
        const env = { RULES_SOURCE: 'directory', RULES_DIR: rules, METADATA_WAIT_MS: '3000' }
        const coordinator = await site.start('coordinator', env)
        await Promise.all([0, 1].map(() => site.start('worker', failpoints(pace(200)))))
        const job = await aJob(site, coordinator)
        await untilVerified(site, coordinator, job, job.records)
        saw(`without rules ${job.records} of ${job.records} rejected`)
        await writeRules(rules, defaultRules.authority.rules)
        await callJob(coordinator, job, 'retry-failed')
        await untilCounted(site, 60)
        await until('some are mapped again', async () => (await mappedAgain(site)) >= 5)
        await writeRules(rules, '{}')
        const { rulesHashes } = await untilSound(site, coordinator, job)
        expect(rulesHashes).toHaveLength(1)
        saw('the retry mapped all by the rules it had frozen, though they were replaced meanwhile')
      }
    )

    fault(
      'F36 the next migration of the schema is applied while this version runs',
      {
        done: 'columns and a table of a later version added in mid-job to both schemas, as an expanding migration does; then a process of this version started on them',
        expected: 'this version works on, and starts, as before'
      },
      async (site, saw) => {
        const coordinator = await site.start('coordinator')
        const worker = await site.start('worker', failpoints(pace(100)))
        const job = await aJob(site, coordinator)
        await untilCounted(site, 10)
        for (const schema of ['marc_migrations_control', `${TENANT}_mod_marc_migrations`]) {
          await site.query(`create table ${schema}.of_next_version (id uuid primary key)`)
          await site.query(`insert into ${schema}.schema_migration (name, run_on) values ('9999_of_next_version', now())`)
        }
        for (const table of ['operation', 'operation_chunk', 'operation_chunk_step'])
          await site.query(
            `alter table ${TENANT}_mod_marc_migrations.${table} add column of_next_version text not null default 'x'`
          )
        await site.query(`alter table marc_migrations_control.node add column of_next_version int`)
        const late = await Promise.all([site.start('coordinator'), site.start('worker', failpoints(pace(100)))])
        await untilSound(site, coordinator, job)
        const second = await aJob(site, late[0], { seed: 2 })
        await untilSound(site, late[0], second)
        expect((await attemptsOf(site)).used).toBe(0)
        expectAlive(coordinator, worker, ...late)
        saw('both jobs ended; processes started before and after worked side by side')
      }
    )
  }
)

function fail(): never {
  throw new Error('no such coordinator')
}

async function timeOf(work: () => Promise<void>): Promise<number> {
  const began = performance.now()
  await work()
  return Math.round(performance.now() - began)
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

/** Renamed into place, so that nobody reads half of it. */
async function writeRules(dir: string, rules: string): Promise<void> {
  await mkdir(dir, { recursive: true })
  await writeFile(join(dir, 'authority.params.json'), defaultRules.authority.params)
  await writeFile(join(dir, 'new.json'), rules)
  await rename(join(dir, 'new.json'), join(dir, 'authority.rules.json'))
}
