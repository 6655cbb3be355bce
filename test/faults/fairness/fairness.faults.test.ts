import { setTimeout as sleep } from 'node:timers/promises'
import { Kafka, logLevel } from 'kafkajs'
import { afterEach, beforeEach, describe, expect } from 'vitest'
import { kafkaMissing } from '../../support/kafka.ts'
import { skipSuite } from '../../support/skips.ts'
import { countedChunks, leasesOf, until } from '../../system/jobs.ts'
import type { Process } from '../../system/processes.ts'
import { measured } from '../measured.ts'
import { loopbackCluster } from './loopback-cluster.ts'
import type { LoopbackCluster } from './loopback-cluster.ts'

const missing = kafkaMissing()
const left = missing !== undefined && skipSuite('fairness', missing, 'server')
const LEASE_MS = 3000
/** Of the sweep, of publishing again, of a worker that looks into the table, of finalising; and what a busy machine adds. */
const SLACK_MS = 9000

describe.skipIf(left)('who waits for whom', () => {
  let cluster: LoopbackCluster
  beforeEach(async () => {
    cluster = await loopbackCluster()
  }, 300_000)
  afterEach(async () => {
    await cluster?.close()
  }, 60_000)

  measured(
    'F31 a tenant with two thousand chunks beside one with five: the small job takes at most three times its time alone',
    async (saw) => {
      const [big, small] = [2000, 5]
      const coordinator = await cluster.coordinator()
      await Promise.all([cluster.worker(4), cluster.worker(4)])
      await cluster.fill(coordinator, 'alpha', big)
      await cluster.fill(coordinator, 'beta', small)
      const timed = async (): Promise<number> => {
        const began = performance.now()
        await cluster.finish(coordinator, await cluster.start(coordinator, 'beta'), small)
        return performance.now() - began
      }
      await timed()
      const alone = median([await timed(), await timed(), await timed()])
      const job = await cluster.start(coordinator, 'alpha')
      await until('the big job is at work', async () => (await countedChunks(cluster.db, ['alpha'])) >= 20)
      const beside = [await timed(), await timed(), await timed()]
      expect(await countedChunks(cluster.db, ['alpha'])).toBeLessThan(big)
      saw({ aloneMs: alone, besideMs: median(beside), ratio: median(beside) / alone })
      expect(median(beside) / alone).toBeLessThan(3)
      // The rest as fast as it goes.
      await cluster.worker(4, { FAILPOINTS: 'before.objects.put=wait:0' })
      await cluster.finish(coordinator, job, big)
    }
  )

  for (const [how, halt] of [
    ['is stopped', (worker: Process) => worker.kill('SIGSTOP')],
    ['is killed', (worker: Process) => worker.kill('SIGKILL')]
  ] as const) {
    measured(`a worker ${how} on the last chunk: the end comes about a lease later`, async (saw) => {
      const coordinator = await cluster.coordinator()
      const [slow] = await Promise.all([
        // Longer than all others take together, so that it is still at its first chunk when they are done.
        cluster.worker(1, { FAILPOINTS: 'before.objects.put=wait:60000' }),
        cluster.worker(2)
      ])
      await cluster.fill(coordinator, 'alpha', 40)
      const job = await cluster.start(coordinator, 'alpha')
      await until('all chunks but the one of the slow worker are counted', async () => await heldAlone(slow))
      halt(slow)
      const haltedAt = performance.now()
      await cluster.finish(coordinator, job, 40)
      const tookMs = performance.now() - haltedAt
      slow.kill('SIGCONT')
      saw({ tookMs, leaseMs: LEASE_MS })
      expect(tookMs).toBeLessThan(LEASE_MS + SLACK_MS)
      expect(await attempts()).toEqual({ used: 1, most: 1, repeated: 1 })
    })
  }

  measured(
    'a worker hangs on a chunk and hears no signal: another has it a lease after the deadline, and only that one counts',
    async (saw) => {
      const coordinator = await cluster.coordinator()
      const hanging = await cluster.worker(1, {
        FAILPOINTS: 'before.objects.put=wait:30000',
        MAPPING_DEADLINE_MS: String(LEASE_MS)
      })
      await cluster.worker(2)
      await cluster.fill(coordinator, 'alpha', 40)
      const began = performance.now()
      const job = await cluster.start(coordinator, 'alpha')
      await until('the hanging worker has a chunk', async () => (await leasesOf(cluster.db, hanging.pid, ['alpha'])) > 0)
      await cluster.finish(coordinator, job, 40)
      const tookMs = performance.now() - began
      saw({ tookMs, deadlineMs: LEASE_MS })
      expect((await attempts()).repeated).toBeGreaterThan(0)
      // Of the hanging put nothing is left but an object that nobody counted; the auditor has looked for it.
      expect(tookMs).toBeLessThan(20_000)
    }
  )

  measured('a worker joins in mid-job: it has counted within five seconds', async (saw) => {
    const coordinator = await cluster.coordinator()
    await cluster.worker(2)
    await cluster.fill(coordinator, 'alpha', 200)
    const job = await cluster.start(coordinator, 'alpha')
    await until('the job is at work', async () => (await countedChunks(cluster.db, ['alpha'])) >= 10)
    const joined = await cluster.worker(2)
    await until('it has counted', () => Promise.resolve(countedAt(joined).length > 0))
    const firstMs = (countedAt(joined)[0] ?? 0) - saidAt(joined, 'node.ready')
    saw({ firstCountAfterMs: firstMs })
    expect(firstMs).toBeLessThan(5000)
    await cluster.finish(coordinator, job, 200)
  })

  measured('partitions are added while a job runs: it goes on', async (saw) => {
    const first = await cluster.coordinator({ KAFKA_TOPIC_PARTITIONS: '2' })
    await Promise.all([cluster.worker(2), cluster.worker(2)])
    await cluster.fill(first, 'alpha', 300)
    expect(await partitions()).toBe(2)
    const job = await cluster.start(first, 'alpha')
    await until('the job is at work', async () => (await countedChunks(cluster.db, ['alpha'])) >= 20)
    await cluster.coordinator({ KAFKA_TOPIC_PARTITIONS: '7' })
    await until('the topic has grown', async () => (await partitions()) === 7)
    const [at, counted] = [performance.now(), await countedChunks(cluster.db, ['alpha'])]
    await sleep(5000)
    const rate = ((await countedChunks(cluster.db, ['alpha'])) - counted) / ((performance.now() - at) / 1000)
    saw({ chunksASecondAfter: rate })
    expect(rate).toBeGreaterThan(0)
    await cluster.finish(first, job, 300)
  })

  measured('one partition and three workers: none idles while another holds more than one chunk', async (saw) => {
    const coordinator = await cluster.coordinator({ KAFKA_TOPIC_PARTITIONS: '1' })
    const workers = await Promise.all([cluster.worker(2), cluster.worker(2), cluster.worker(2)])
    await cluster.fill(coordinator, 'alpha', 400)
    const job = await cluster.start(coordinator, 'alpha')
    await until('each has counted', () => Promise.resolve(workers.every((worker) => countedAt(worker).length > 0)))
    let longestMs = 0
    let idleSince: number | undefined
    while ((await countedChunks(cluster.db, ['alpha'])) < 370) {
      const holding = await chunksByProcess()
      const held = workers.map(({ pid }) => holding.get(pid) ?? 0)
      const unfair = Math.min(...held) === 0 && Math.max(...held) > 1
      idleSince = unfair ? (idleSince ?? performance.now()) : undefined
      longestMs = Math.max(longestMs, performance.now() - (idleSince ?? performance.now()))
      await sleep(20)
    }
    const shares = workers.map((worker) => countedAt(worker).length)
    saw({ longestIdleMs: longestMs, shares: shares.join(' ') })
    // A worker without the partition looks into the table when it has heard nothing for a second.
    expect(longestMs).toBeLessThan(3000)
    expect(Math.min(...shares)).toBeGreaterThan(400 / 3 / 2)
    await cluster.finish(coordinator, job, 400)
  })

  /** True when nothing is left to do but one chunk, and this worker holds it. */
  async function heldAlone({ pid }: Process): Promise<boolean> {
    const [open] = await cluster.db.query<{ open: number }>(
      `select count(*)::int as open from alpha_mod_marc_migrations.operation_chunk where file_epoch is null`
    )
    return open?.open === 1 && (await leasesOf(cluster.db, pid, ['alpha'])) === 1
  }

  async function chunksByProcess(): Promise<ReadonlyMap<number, number>> {
    const rows = await cluster.db.query<{ pid: number; held: number }>(
      `select n.pid, count(*)::int as held
         from alpha_mod_marc_migrations.operation_chunk c join marc_migrations_control.node n on n.id = c.lease_owner
        group by n.pid`
    )
    return new Map(rows.map(({ pid, held }) => [pid, held]))
  }

  async function attempts(): Promise<{ used: number; most: number; repeated: number }> {
    const [row] = await cluster.db.query<{ used: number; most: number; repeated: number }>(
      `select count(*) filter (where attempts > 0)::int as used, max(attempts)::int as most,
              count(*) filter (where epoch > 1)::int as repeated
         from alpha_mod_marc_migrations.operation_chunk`
    )
    return row ?? { used: -1, most: -1, repeated: -1 }
  }

  async function partitions(): Promise<number> {
    const admin = new Kafka({ brokers: [...cluster.brokers], logLevel: logLevel.NOTHING }).admin()
    await admin.connect()
    try {
      const { topics } = await admin.fetchTopicMetadata({ topics: [cluster.topic] })
      return topics[0]?.partitions.length ?? 0
    } finally {
      await admin.disconnect()
    }
  }
})

const timesOf = ({ log }: Process, message: string): number[] =>
  log.filter(({ msg }) => msg === message).map(({ time }) => Date.parse(String(time)))
const countedAt = (process: Process): number[] => timesOf(process, 'chunk.counted')
const saidAt = (process: Process, message: string): number => timesOf(process, message)[0] ?? Number.NaN

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
