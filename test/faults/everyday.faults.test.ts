import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { seededRandom } from '../../apps/cli/src/demo-file/seeded-random.ts'
import { faultyS3 } from '../objects-s3/faulty-s3.ts'
import { skipSuite } from '../support/skips.ts'
import { until } from '../system/jobs.ts'
import { faultsOn } from './fault.ts'
import {
  aJob,
  attemptsOf,
  expectAlive,
  failpoints,
  heldBy,
  objectsOf,
  pace,
  TENANT,
  callJob,
  namedKeys,
  untilCounted,
  untilSound
} from './jobs-under-fault.ts'
import { killAfterClaim, killedAfterClaim } from './killed-after-claim.ts'
import { serversMissing, theServers } from './site.ts'
import type { Site } from './site.ts'
import { wakeAZombie, zombie } from './zombie.ts'

const missing = serversMissing()

describe.skipIf(missing !== undefined && skipSuite('faults of every day', missing, 'server'))('faults of every day', () => {
  const servers = theServers()
  const fault = faultsOn(servers)
  const databaseFault = faultsOn(servers, { ownServer: true })

  fault('F1 a worker is killed right after a claim', killedAfterClaim, (site, saw) => killAfterClaim(site, saw))

  fault(
    'F3 a worker is killed after the upload, before the count',
    {
      done: 'one of two workers killed with -9 when it was about to count its third chunk',
      expected: 'the repeat writes a file of its own epoch, the row points to that, the first one is deleted by its name'
    },
    async (site, saw) => {
      const coordinator = await site.start('coordinator')
      const killed = await site.start('worker', {
        ...failpoints('before.chunks.count=kill@3'),
        CHUNK_PROCESSING_MAX_PARALLELISM: '1'
      })
      const other = await site.start('worker', failpoints(pace(100)))
      const job = await aJob(site, coordinator)
      expect(await killed.ended()).toBeNull()
      const [lost] = await heldBy(site, killed)
      const first = `test/operation/${job.id}/${lost}_entity`
      expect(await objectsOf(site, job.id)).toContain(first)
      const { objects } = await untilSound(site, coordinator, job)
      const keys = objects.map(({ key }) => key)
      expect(keys).not.toContain(first)
      expect(keys.filter((key) => key.includes(`${lost}_e2_entity`))).toHaveLength(1)
      expectAlive(coordinator, other)
      saw('the row names the file of epoch 2, that of epoch 1 is gone')
    }
  )

  fault('F9 a zombie: stopped for longer than its lease, then woken', zombie, (site, saw) => wakeAZombie(site, saw))

  databaseFault(
    'F10 PostgreSQL is restarted in mid-job',
    {
      done: 'the server shut down immediately (no good-bye) and started again, twice, with two workers at work',
      expected: 'every process connects again and lives on, counts on their way are resolved, no attempt is used'
    },
    async (site, saw) => {
      const coordinator = await site.start('coordinator')
      const workers = await Promise.all([0, 1].map(() => site.start('worker', failpoints(pace(100)))))
      const job = await aJob(site, coordinator)
      for (const counted of [10, 30]) {
        await untilCounted(site, counted)
        await site.ownPostgres().restartImmediately()
        site.lines.postgres.to(site.ownPostgres().at().port)
      }
      await untilSound(site, coordinator, job)
      const { repeats, used } = await attemptsOf(site)
      expect(used).toBe(0)
      expectAlive(coordinator, ...workers)
      saw(`${repeats} chunks claimed again, ${used} attempts used`)
    }
  )

  fault(
    'F17 S3 answers 503 to 30 % of calls',
    {
      done: 'three of ten calls of both workers refused with 503, by chance with a fixed seed',
      expected: 'calls are tried again, all is done, no file is half there, no attempt is used'
    },
    async (site, saw) => {
      const faulty = await faultyS3(site.s3.url)
      try {
        const coordinator = await site.start('coordinator')
        const workers = await Promise.all([0, 1].map(() => site.start('worker', { S3_URL: faulty.url })))
        const chance = seededRandom(17)
        let refused = 0
        faulty.otherwise(() => {
          if (!chance.chance(30)) return 'pass'
          refused++
          return { status: 503 }
        })
        const job = await aJob(site, coordinator)
        await untilSound(site, coordinator, job)
        const { repeats, used } = await attemptsOf(site)
        expect(refused).toBeGreaterThan(20)
        expect(used).toBe(0)
        expectAlive(coordinator, ...workers)
        saw(`${refused} calls refused, ${repeats} chunks claimed again, ${used} attempts used`)
      } finally {
        await faulty.close()
      }
    }
  )

  fault(
    'F27 pause, resume and cancel while chunks are worked on',
    {
      done: 'an operation paused, resumed, cancelled and taken up again by retry-failed',
      expected:
        'paused: status as it was, no claim after 5 s at the most; cancelled: FAILED with its reason, counters and files stay as they are; taken up again: it ends as if undisturbed'
    },
    async (site, saw) => {
      const coordinator = await site.start('coordinator')
      await Promise.all([0, 1].map(() => site.start('worker', failpoints(pace(200)))))
      const job = await aJob(site, coordinator)
      const call = (what: string) => callJob(coordinator, job, what)

      await untilCounted(site, 10)
      expect(await call('pause')).toMatchObject({ status: 'data_mapping' })
      const pausedAt = performance.now()
      await until('no chunk is held', async () => (await site.query(LEASED)).length === 0, 5_000)
      saw(`no chunk held ${Math.round(performance.now() - pausedAt)} ms after the pause`)
      const paused = await totalsOf(site)
      await sleep(3_000)
      expect(await totalsOf(site)).toEqual(paused)

      expect(await call('resume')).toMatchObject({ status: 'data_mapping' })
      await untilCounted(site, 25)
      expect(await call('cancel')).toMatchObject({ status: 'data_mapping_failed', stopReason: 'cancelled' })
      const cancelled = await totalsOf(site)
      // What fenced attempts still wrote goes a lease later; what was counted stands.
      expect(await objectsOf(site, job.id)).toEqual(expect.arrayContaining([...(await namedKeys(site, job))]))
      await sleep(2_000)
      expect(await totalsOf(site)).toEqual(cancelled)
      expect(cancelled).toMatchObject({ status: 'DATA_MAPPING_FAILED' })

      await call('retry-failed')
      await untilSound(site, coordinator, job)
    }
  )
})

const LEASED = `select 1 from ${TENANT}_mod_marc_migrations.operation_chunk where lease_owner is not null`

/** All that must stand still while nobody works: counters, claims and files. */
async function totalsOf(site: Site): Promise<unknown> {
  const [row] = await site.query(
    `select o.status::text, o.mapped_num_of_records, o.rejected_num_of_records, sum(c.epoch)::int as epochs,
            count(c.entity_chunk_file_name)::int as files
       from ${TENANT}_mod_marc_migrations.operation o join ${TENANT}_mod_marc_migrations.operation_chunk c on c.operation_id = o.id
      group by o.id`
  )
  return row
}
