import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { until } from '../../system/jobs.ts'
import type { Job } from '../../system/jobs.ts'
import { HELD_RATE, TENANT } from './cluster.ts'
import type { Cluster, Node } from './cluster.ts'
import { countedAt, countsBySecond, quantile, rate, watchStatus, within } from './watch.ts'
import type { Asked, Span } from './watch.ts'
import type { Figures } from '../measured.ts'

/** Before and after, where a rate is compared: forty chunks of each worker, so that one more or less is 2.5 % of one of the two. */
const MEASURED_MS = 10_000
/** Where none is. */
const LOOKED_AT_MS = 5_000
const OUTAGE_MS = 30_000
/** What a user may notice of an outage; after that every question is answered in time. */
const GRACE_MS = 10_000
const P99_MS = 500
/** Of the rate before and after. */
const KEPT = 0.9
/** Chunks a second of a worker, and p99 of the status, with nothing cut: else the machine holds them up. */
const LEAST_RATE = 0.9 * HELD_RATE
const QUIET_P99_MS = 350
const RECOVERY_LIMIT_MS = 120_000

export interface Outage {
  /** What happens; undone by `mend`. */
  readonly cut: (job: Job) => void | Promise<void>
  readonly mend: () => void
  /** Workers whose rate is not to suffer. */
  readonly survivors: readonly Node[]
  /** Answers that a question for the status may get while it lasts. */
  readonly answers: readonly number[]
  /** True once what was cut off works again, by itself. */
  readonly isBack: (job: Job, mendedAt: number) => Promise<boolean>
  /** How long it lasts, in ms; 30 s when absent. */
  readonly lastsMs?: number
  /** In the middle of the outage, when the grace is over. */
  readonly meanwhile?: () => Promise<void>
}

/** Chunks a second of each worker, p99 of the status in ms. */
interface Phase {
  readonly rates: readonly number[]
  readonly p99Ms: number
}

/** One job over one outage, and all that is promised of it. */
export async function overAnOutage(cluster: Cluster, outage: Outage, saw: (figures: Figures) => void): Promise<void> {
  cluster.holdWorkers(true)
  const job = await cluster.start()
  const workers = cluster.workers.map(({ process }) => process)
  const began = Date.now()
  const working = (since: number): boolean =>
    workers.every((each) => countedAt(each).filter(({ at }) => at > since).length > 3)
  const quietMs = outage.survivors.length > 0 ? MEASURED_MS : LOOKED_AT_MS
  await until('both workers count', () => Promise.resolve(working(began)))
  const watch = watchStatus(`${cluster.url}/marc-migrations/${job.id}`, TENANT)
  try {
    const before = await lasting(quietMs)
    await outage.cut(job)
    const cutAt = Date.now()
    await sleep(GRACE_MS)
    const late = await lasting((outage.lastsMs ?? OUTAGE_MS) - GRACE_MS, outage.meanwhile)
    const during = { from: cutAt, to: late.to }
    outage.mend()
    await until('what was cut off works again', () => outage.isBack(job, during.to), RECOVERY_LIMIT_MS)
    const recoverySeconds = (Date.now() - during.to) / 1000
    const after = await lasting(quietMs)
    await watch.stop()

    const phase = (span: Span, asked = span): Phase => ({
      rates: workers.map((each) => rate(each, span)),
      p99Ms: quantile(watch.asked.filter(within(asked)), 0.99)
    })
    const [quiet, cut, mended] = [phase(before), phase(during, late), phase(after)]
    const answers = tally(watch.asked.filter(within(late)))
    saw({ before: quiet, during: cut, after: mended, answers, 'seconds until it works again': recoverySeconds })
    for (const survivor of outage.survivors) {
      const undisturbed = (rate(survivor.process, before) + rate(survivor.process, after)) / 2
      const kept = rate(survivor.process, during) / undisturbed
      if (undisturbed < LEAST_RATE || kept <= KEPT) blameTheBusy(quiet, mended)
      expect(kept, `${survivor.host.name} keeps its rate`).toBeGreaterThan(KEPT)
    }
    expect(Object.keys(answers).filter((status) => !outage.answers.includes(Number(status)))).toEqual([])
    if (cut.p99Ms >= P99_MS) blameTheBusy(quiet, mended)
    expect(cut.p99Ms, 'p99 of the status after the grace').toBeLessThan(P99_MS)
    expect(tally(watch.asked.filter(within(after)))).toEqual({ 200: expect.any(Number) as number })
    await cluster.finish(job)
  } catch (error) {
    for (const node of [...cluster.workers, ...cluster.coordinators]) console.log(lastWords(node, began))
    throw error
  } finally {
    outage.mend()
    cluster.mendAll()
    await watch.stop()
    cluster.holdWorkers(false)
  }
}

/** A bar that is missed says nothing where the machine did not do better with nothing cut. */
function blameTheBusy(...quiet: readonly Phase[]): void {
  const busy = quiet.some(({ rates, p99Ms }) => Math.min(...rates) < LEAST_RATE || p99Ms > QUIET_P99_MS)
  if (!busy) return
  const seen = quiet.map(({ rates, p99Ms }) => `${rates.join(' and ')} chunks a second, p99 of the status ${p99Ms} ms`)
  throw new Error(`the machine is too busy for this test: with nothing cut it reached ${seen.join(', then ')}`)
}

const LAST_LINES = 30

/** What a node said last, for whoever looks into a failure. */
function lastWords({ host, process }: Node, since: number): string {
  const lines = process.log.filter(({ msg }) => msg !== 'chunk.counted' && msg !== 'http.answered').slice(-LAST_LINES)
  const told = lines.map(({ time, msg, outcome, round, err }) => {
    const { message } = (err ?? {}) as { message?: string }
    return [time, msg, outcome ?? round ?? '', message ?? ''].map(String).join(' ')
  })
  const counts = process.verb === 'worker' ? [`counted each second: ${countsBySecond(process, since).join(' ')}`] : []
  return [host.name, ...counts, ...told].join('\n  ')
}

async function lasting(ms: number, meanwhile?: () => Promise<void>): Promise<Span> {
  const from = Date.now()
  await Promise.all([sleep(ms), meanwhile?.()])
  return { from, to: Date.now() }
}

function tally(asked: readonly Asked[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const { status } of asked) counts[status] = (counts[status] ?? 0) + 1
  return counts
}
