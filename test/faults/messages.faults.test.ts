import { describe, expect } from 'vitest'
import { seededRandom } from '../../apps/cli/src/demo-file/seeded-random.ts'
import { chunkTopic } from '../../libs/broker/src/kafka-names.ts'
import { skipSuite } from '../support/skips.ts'
import { until } from '../system/jobs.ts'
import { faultsOn } from './fault.ts'
import { aMeddler, asAdmin, hintCounts, untilHintsAreDone } from './hints.ts'
import {
  aJob,
  attemptsOf,
  expectAlive,
  failpoints,
  pace,
  said,
  TENANT,
  untilCounted,
  untilSound
} from './jobs-under-fault.ts'
import { serversMissing, theServers } from './site.ts'

const missing = serversMissing()
const PUBLISHED = `select id::text from ${TENANT}_mod_marc_migrations.operation_chunk where published_at is not null and lease_owner is null and next_attempt_at is not null`

describe.skipIf(missing !== undefined && skipSuite('faults of messages', missing, 'server'))('faults of messages', () => {
  const fault = faultsOn(theServers())

  fault(
    'F5 every message is delivered twice',
    {
      done: 'a relay between publisher and workers that sends every hint twice',
      expected: 'counts are exact; the second of each pair is stale'
    },
    async (site, saw) => {
      const coordinator = await site.start('coordinator')
      const meddler = await aMeddler(site, (hints) => hints.flatMap((hint) => [hint, hint]))
      try {
        const workers = await Promise.all([0, 1].map(() => site.start('worker', { ENV: meddler.env })))
        const job = await aJob(site, coordinator)
        await untilSound(site, coordinator, job)
        const stale = (): number => workers.flatMap((worker) => said(worker, 'hint.stale')).length
        await until('the second of each pair has come', () => Promise.resolve(stale() >= 60))
        const { repeats, used } = await attemptsOf(site)
        expect({ repeats, used }).toEqual({ repeats: 0, used: 0 })
        saw(`${meddler.passed()} hints for 60 chunks, ${stale()} of them stale`)
      } finally {
        await meddler.stop()
      }
    }
  )

  fault(
    'F6 messages come in random order, late, and some not at all',
    {
      done: 'a relay that holds hints back for 0.3 s, drops every tenth and sends the others in random order',
      expected: 'the same bytes and counts as in order'
    },
    async (site, saw) => {
      const chance = seededRandom(6)
      let dropped = 0
      const coordinator = await site.start('coordinator')
      const meddler = await aMeddler(site, (hints) =>
        hints
          .filter(() => {
            const kept = !chance.chance(10)
            if (!kept) dropped++
            return kept
          })
          .map((hint) => ({ hint, order: chance.between(0, 1_000_000) }))
          .sort((a, b) => a.order - b.order)
          .map(({ hint }) => hint)
      )
      try {
        await Promise.all([0, 1].map(() => site.start('worker', { ENV: meddler.env })))
        const job = await aJob(site, coordinator, { records: 1200 })
        await untilSound(site, coordinator, job)
        expect(dropped).toBeGreaterThan(0)
        expect((await attemptsOf(site)).used).toBe(0)
        saw(`${meddler.passed()} hints in random order, ${dropped} dropped`)
      } finally {
        await meddler.stop()
      }
    }
  )

  fault(
    'F7 a coordinator is killed between splitting and publishing',
    {
      done: 'the coordinator killed with -9 when it was about to mark chunks as published, for the first time',
      expected: 'the chunks stand due; another publishes them and the job ends'
    },
    async (site, saw) => {
      const killed = await site.start('coordinator', failpoints('before.publish.mark=kill@1'))
      const worker = await site.start('worker')
      const job = await aJob(site, killed)
      expect(await killed.ended()).toBeNull()
      expect(await site.query(PUBLISHED)).toEqual([])
      expect((await attemptsOf(site)).chunks).toBeGreaterThan(0)
      const other = await site.start('coordinator')
      await untilSound(site, other, job)
      expect(await attemptsOf(site)).toMatchObject({ repeats: 0, used: 0 })
      expectAlive(worker)
      saw('nothing was published before, everything after')
    }
  )

  fault(
    'F8 a coordinator is killed after marking chunks as published, before sending their hints',
    {
      done: 'the only coordinator killed with -9 between the two, while a worker waits',
      expected: 'the worker finds the chunks in the table within seconds, with no coordinator alive'
    },
    async (site, saw) => {
      const killed = await site.start('coordinator', failpoints('before.bus.publish=kill@1'))
      const worker = await site.start('worker')
      const job = await aJob(site, killed)
      expect(await killed.ended()).toBeNull()
      const began = performance.now()
      const published = (await site.query(PUBLISHED)).length + (await attemptsOf(site)).counted
      expect(published).toBeGreaterThan(0)
      await untilCounted(site, published)
      const ms = Math.round(performance.now() - began)
      expect(await hintCounts(site)).toMatchObject({ sent: 0 })
      const other = await site.start('coordinator')
      await untilSound(site, other, job)
      expect(await attemptsOf(site)).toMatchObject({ repeats: 0, used: 0 })
      expectAlive(worker)
      saw(`${published} chunks without a hint, all counted ${ms} ms after the kill`)
    }
  )

  fault(
    'F15 Kafka is down at the start',
    {
      done: 'coordinator and workers started without a broker, a job run, then the broker let in and a second job run',
      expected: 'the API takes the job and the workers take its chunks from the table; later hints flow'
    },
    async (site, saw) => {
      await site.lines.kafka.shut()
      const coordinator = await site.start('coordinator')
      const workers = await Promise.all([0, 1].map(() => site.start('worker')))
      const first = await aJob(site, coordinator)
      const began = performance.now()
      await untilSound(site, coordinator, first)
      saw(`without a broker the job ended after ${Math.round(performance.now() - began)} ms`)
      await site.lines.kafka.open()
      await until(
        'all are with the broker',
        () => Promise.resolve(workers.every((each) => said(each, 'bus.joined').length > 0)),
        120_000
      )
      await until('the topic is there', () => Promise.resolve(said(coordinator, 'bus.connected').length > 0), 120_000)
      const second = await aJob(site, coordinator, { seed: 2, tenant: 'beta' })
      await untilSound(site, coordinator, second)
      await untilHintsAreDone(site, 2, 0, 60_000)
      expectAlive(coordinator, ...workers)
      saw(`later ${(await hintCounts(site)).sent} hints for the second`)
    }
  )

  fault(
    'F16 Kafka loses the topic',
    {
      done: 'the topic deleted in mid-job, with all hints in it',
      expected: 'the operation still ends; the coordinator makes the topic again and later hints flow'
    },
    async (site, saw) => {
      const coordinator = await site.start('coordinator')
      const workers = await Promise.all([0, 1].map(() => site.start('worker', failpoints(pace(200)))))
      const job = await aJob(site, coordinator, { records: 1200 })
      await untilCounted(site, 15)
      const topic = chunkTopic(site.bucket)
      await asAdmin(site, (admin) => admin.deleteTopics({ topics: [topic] }))
      await untilSound(site, coordinator, job)
      expect((await attemptsOf(site)).used).toBe(0)
      await until(
        'the topic is there again',
        () => asAdmin(site, async (admin) => (await admin.listTopics()).includes(topic)),
        120_000
      )
      const second = await aJob(site, coordinator, { seed: 2, tenant: 'beta' })
      await untilSound(site, coordinator, second)
      expect((await hintCounts(site)).sent).toBeGreaterThan(0)
      expectAlive(coordinator, ...workers)
      saw(`${(await hintCounts(site)).sent} hints in the new topic`)
    }
  )

  fault(
    'F34 workers come and go all the time',
    {
      done: 'a third worker started and ended six times during a job of two others, which rebalances the group twelve times',
      expected: 'each chunk finishes, less than 20 % of the work is done twice'
    },
    async (site, saw) => {
      const coordinator = await site.start('coordinator')
      const aWorker = () => site.start('worker', failpoints(pace(400)))
      const workers = await Promise.all([aWorker(), aWorker()])
      const job = await aJob(site, coordinator, { records: 4000 })
      let joins = 0
      for (let i = 0; i < 6; i++) {
        const guest = await aWorker()
        await until('it has joined', () => Promise.resolve(said(guest, 'bus.joined').length > 0), 60_000)
        joins += said(guest, 'bus.joined').length
        guest.kill('SIGTERM')
        expect(await guest.ended()).toBe(0)
      }
      await untilSound(site, coordinator, job)
      const { chunks, repeats, used } = await attemptsOf(site)
      const rebalances = workers.map((worker) => said(worker, 'bus.joined').length)
      expect(joins).toBeGreaterThan(5)
      expect(used).toBe(0)
      expect(repeats / chunks).toBeLessThan(0.2)
      expectAlive(coordinator, ...workers)
      saw(`the two joined ${rebalances.join(' and ')} times; ${repeats} of ${chunks} chunks claimed again`)
    }
  )
})
