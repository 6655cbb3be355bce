import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect } from 'vitest'
import { skipSuite } from '../support/skips.ts'
import { until } from '../system/jobs.ts'
import { faultsOn } from './fault.ts'
import { resetOffsets, untilHintsAreDone } from './hints.ts'
import {
  aJob,
  attemptsOf,
  expectAlive,
  failpoints,
  heldBy,
  objectsOf,
  pace,
  said,
  untilCounted,
  untilSound,
  untilVerified
} from './jobs-under-fault.ts'
import { clockShiftedBy, mapperInTrouble } from './shims/shim.ts'
import { CHUNK, serversMissing, theServers } from './site.ts'
import { earlyZombie, wakeAZombie } from './zombie.ts'

const missing = serversMissing()
/** The control number of the 321st record of a generated file, which stands in the middle of its chunk. */
const MARKED = '00000325'

describe.skipIf(missing !== undefined && skipSuite('faults of workers', missing, 'server'))('faults of workers', () => {
  const fault = faultsOn(theServers())

  fault(
    'F2 a worker is killed while it maps',
    {
      done: 'a worker killed with -9 while its mapping thread was in the middle of a chunk, for longer than a lease',
      expected: 'until then the lease is renewed; then another repeats the chunk, and nothing is left of the first attempt'
    },
    async (site, saw) => {
      const coordinator = await site.start('coordinator')
      const killed = await site.start('worker', mapperInTrouble('spin', MARKED))
      const job = await aJob(site, coordinator)
      await until('the mapper is in the chunk', () => Promise.resolve(said(killed, 'mapper.in-trouble').length > 0))
      await sleep(4_000)
      const held = await heldBy(site, killed)
      expect(held).toHaveLength(2)
      expect((await attemptsOf(site)).repeats).toBe(0)
      const names = await objectsOf(site, job.id)
      expect(names.filter((name) => held.some((id) => name.includes(id)))).toEqual([])
      killed.kill('SIGKILL')
      const other = await site.start('worker')
      await untilSound(site, coordinator, job)
      const { repeats, used } = await attemptsOf(site)
      expect(repeats).toBeGreaterThan(0)
      expectAlive(coordinator, other)
      saw(`two leases renewed for 4 s with the thread busy, then ${repeats} chunks claimed again, ${used} attempts used`)
    }
  )

  fault(
    'F4 a worker is killed after the claim, before the ack of its hint',
    {
      done: 'a worker killed with -9 between claim and ack, under a lease that outlasts its place in the group; at the end all offsets set back to the beginning, so that every hint comes again to a counted chunk',
      expected: 'the hints that come again are stale: acked, and nothing is counted again'
    },
    async (site, saw) => {
      const long = { LEASE_MS: '45000', LEASE_RENEW_MS: '15000' }
      const coordinator = await site.start('coordinator', long)
      const other = await site.start('worker', { ...long, CHUNK_PROCESSING_MAX_PARALLELISM: '1' })
      const killed = await site.start('worker', { ...long, ...failpoints('after.chunks.claim=kill@1') })
      await until('it is in the group', () => Promise.resolve(said(killed, 'bus.joined').length > 0))
      const job = await aJob(site, coordinator)
      expect(await killed.ended()).toBeNull()
      const held = await heldBy(site, killed)
      expect(held.length).toBeGreaterThan(0)
      const staleUnderLease = (): boolean => said(other, 'hint.stale').some(({ chunkId }) => held.includes(String(chunkId)))
      await until('the hint comes again while the dead one has its lease', () => Promise.resolve(staleUnderLease()), 120_000)
      expect(await heldBy(site, killed)).toEqual(held)
      await untilSound(site, coordinator, job)
      const before = await attemptsOf(site)

      other.kill('SIGTERM')
      expect(await other.ended()).toBe(0)
      await resetOffsets(site)
      const again = await site.start('worker', long)
      await untilHintsAreDone(site, 1, 0, 60_000)
      const stale = said(again, 'hint.stale').length
      expect(stale).toBeGreaterThanOrEqual(before.chunks)
      expect(await attemptsOf(site)).toEqual(before)
      await untilSound(site, coordinator, job)
      saw(`stale under the live lease; then ${stale} hints came again, none was claimed`)
    }
  )

  fault('F9 a zombie that wakes while another works on its chunk', earlyZombie, (site, saw) =>
    wakeAZombie(site, saw, { tooEarly: 'epoch < 2', otherMs: 1500 })
  )

  fault(
    'F22 a chunk kills its mapper every time',
    {
      done: 'one record takes all memory of the mapping thread of whichever worker reads it',
      expected:
        'five counted attempts on at least two workers, then the chunk is failed with the reason; all others are mapped'
    },
    async (site, saw) => {
      const coordinator = await site.start('coordinator')
      const workers = await Promise.all([0, 1].map(() => site.start('worker', mapperInTrouble('grow', MARKED))))
      const job = await aJob(site, coordinator)
      await untilVerified(site, coordinator, job, job.broken + CHUNK)
      const [chunk] = await site.query<{ id: string; attempts: number; reasons: string }>(
        `select c.id, c.attempts, s.error_chunk_file_name as reasons
           from alpha_mod_marc_migrations.operation_chunk c join alpha_mod_marc_migrations.operation_chunk_step s on s.id = c.step_id
          where c.attempts > 0`
      )
      expect(chunk?.attempts).toBe(5)
      const tried = workers.filter((worker) =>
        said(worker, 'chunk.given-back').some(({ chunkId, outcome }) => chunkId === chunk?.id && outcome === 'suspect')
      )
      expect(tried).toHaveLength(2)
      const reasons = await site.stored(async (_, objects) => {
        const pieces: Uint8Array[] = []
        for await (const piece of objects.read(chunk?.reasons ?? '')) pieces.push(piece)
        return Buffer.concat(pieces).toString('utf8').trim().split('\n')
      })
      expect(reasons).toHaveLength(CHUNK)
      for (const reason of reasons) expect(reason).toContain('could not be mapped in 5 attempts')
      expectAlive(coordinator, ...workers)
      saw(`5 attempts over ${tried.length} workers, then ${CHUNK} records rejected with the reason; both workers lived on`)
    }
  )

  fault(
    'F28 all workers are restarted one after the other',
    {
      done: 'three workers ended with SIGTERM one by one, each replaced before the next',
      expected: 'each drains and ends with 0; no chunk failed, no attempt used, no chunk claimed twice'
    },
    async (site, saw) => {
      const coordinator = await site.start('coordinator')
      const aWorker = () => site.start('worker', failpoints(pace(300)))
      const workers = await Promise.all([aWorker(), aWorker(), aWorker()])
      const job = await aJob(site, coordinator, { records: 3000 })
      const times: number[] = []
      for (const [i, worker] of workers.entries()) {
        await untilCounted(site, 20 * (i + 1))
        const began = performance.now()
        worker.kill('SIGTERM')
        expect(await worker.ended()).toBe(0)
        times.push(Math.round(performance.now() - began))
        await aWorker()
      }
      expect((await attemptsOf(site)).counted).toBeLessThan(300)
      await untilSound(site, coordinator, job)
      expect(await attemptsOf(site)).toMatchObject({ repeats: 0, used: 0 })
      saw(`ended after ${times.join(', ')} ms; no chunk claimed twice`)
    }
  )

  fault(
    'F29 the clocks of the workers are an hour off',
    {
      done: 'a job by one worker an hour ahead, one an hour behind and a coordinator a day ahead',
      expected: 'nothing changes: leases live on the clock of the database, deadlines on the monotonic one'
    },
    async (site, saw) => {
      const hour = 3_600_000
      const coordinator = await site.start('coordinator', clockShiftedBy(24 * hour))
      const workers = await Promise.all(
        [hour, -hour].map((ms) => site.start('worker', { ...clockShiftedBy(ms), ...failpoints(pace(100)) }))
      )
      const job = await aJob(site, coordinator)
      await untilSound(site, coordinator, job)
      expect(await attemptsOf(site)).toMatchObject({ repeats: 0, used: 0 })
      const offMs = workers.map((worker) => timeOf(said(worker, 'chunk.counted')[0]) - Date.now())
      expect(offMs[0]).toBeGreaterThan(hour / 2)
      expect(offMs[1]).toBeLessThan(-hour / 2)
      saw('no chunk claimed twice, no attempt used')
    }
  )
})

const timeOf = (line: Record<string, unknown> | undefined): number => Date.parse(String(line?.['time']))
