import { describe, expect } from 'vitest'
import { skipSuite } from '../support/skips.ts'
import { untilTerminal } from '../system/jobs.ts'
import type { Job } from '../system/jobs.ts'
import type { Process } from '../system/processes.ts'
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
import { production } from './production.ts'
import { serversMissing, theServers } from './site.ts'

const missing = serversMissing()

describe.skipIf(missing !== undefined && skipSuite('faults in time', missing, 'server'))('faults in time', () => {
  const fault = faultsOn(theServers())

  fault(
    'F31 one tenant with 400 chunks, then another with 5, and a worker of two slots',
    {
      done: 'jobs of 5 chunks alone, then behind a job of 400 chunks of another tenant; the more slots the less they wait, so there are two',
      expected: 'a small one is done in less than three times its time alone: few chunks of the large one go before it'
    },
    async (site, saw) => {
      const coordinator = await site.start('coordinator')
      const worker = await site.start('worker', failpoints(pace(200)))
      const small = async (seed: number): Promise<Small> => {
        const began = performance.now()
        const job = await aJob(site, coordinator, { records: 50, broken: 0, tenant: 'beta', seed })
        await untilTerminal(coordinator.url, [job], 60_000)
        const ms = Math.round(performance.now() - began)
        await untilVerified(site, coordinator, job)
        return { ms, before: countedBefore(job, coordinator, worker) }
      }
      const alone = [await small(1), await small(2), await small(3)]
      const large = await aJob(site, coordinator, { records: 10 * LARGE })
      await untilCounted(site, 20)
      const behind = [await small(4), await small(5), await small(6)]
      expect((await attemptsOf(site)).counted).toBeLessThan(LARGE)
      const ms = [alone, behind].map((runs) => median(runs.map((run) => run.ms)))
      const before = median(behind.map((run) => run.before))
      saw(
        `alone ${ms[0]} ms, behind the large one ${ms[1]} ms, with ${before} of its chunks before the last of the small one`
      )
      expect(before).toBeLessThan(13)
      expect((ms[1] ?? 0) / (ms[0] ?? 0)).toBeLessThan(3)
      await Promise.all([0, 1].map(() => site.start('worker')))
      await untilSound(site, coordinator, large)
    }
  )

  fault(
    'F35 the event loop of a worker is blocked for 10 s (production values)',
    {
      done: 'one of two workers blocked for 10 s right after a claim',
      expected: 'at most one heartbeat is lost; no lease, no attempt, no process'
    },
    async (site, saw) => {
      const coordinator = await site.start('coordinator', production)
      const blocked = await site.start('worker', {
        ...production,
        ...failpoints('after.chunks.claim=block:10000@4', pace(200))
      })
      const other = await site.start('worker', { ...production, ...failpoints(pace(400)) })
      const job = await aJob(site, coordinator, { records: 1500 })
      await untilSound(site, coordinator, job)
      expect(await attemptsOf(site)).toMatchObject({ repeats: 0, used: 0 })
      const times = said(blocked, 'chunk.counted').map(timeOf)
      const gaps = times.map((time, i) => time - (times[i - 1] ?? time))
      expect(Math.max(...gaps)).toBeGreaterThan(9_000)
      expect(gaps.at(-1)).toBeLessThan(9_000)
      expect(said(blocked, 'node.heartbeat-missed').length).toBeLessThan(2)
      expectAlive(coordinator, blocked, other)
      saw(`counted nothing for ${Math.round(Math.max(...gaps))} ms, then went on; no chunk claimed twice`)
    }
  )
})

const LARGE = 400

interface Small {
  readonly ms: number
  /** Chunks of others that were counted between its first hint and its last count. */
  readonly before: number
}

function countedBefore({ id }: Job, coordinator: Process, worker: Process): number {
  const published = said(coordinator, 'chunks.published').filter(({ operationId }) => operationId === id)
  const counted = said(worker, 'chunk.counted')
  const last = counted.findLastIndex(({ operationId }) => operationId === id)
  return counted.slice(0, last).filter((line) => line['operationId'] !== id && timeOf(line) > timeOf(published[0])).length
}

const timeOf = (line: Record<string, unknown> | undefined): number => Date.parse(String(line?.['time']))
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN
