import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { until } from '../../system/jobs.ts'
import type { Job } from '../../system/jobs.ts'
import { TENANT } from './cluster.ts'
import type { Cluster, Node } from './cluster.ts'
import { countedAt, quantile, rate, watchStatus, within } from './watch.ts'
import type { Asked, Span } from './watch.ts'

const BEFORE_MS = 20_000
const OUTAGE_MS = 40_000
const AFTER_MS = 20_000
/** What a user may notice of an outage; after that every question is answered in time. */
const GRACE_MS = 10_000
const P99_MS = 500
/** Of the rate before. */
const KEPT = 0.9
/** Chunks a second of a worker behind its cable, and p99 of the status, with nothing cut: else the machine holds them up. */
const LEAST_RATE = 1.5
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
  /** In the middle of the outage, when the grace is over. */
  readonly meanwhile?: () => Promise<void>
}

/** Figures of one outage: chunks a second and worker, ms. */
export interface Figures {
  readonly before: readonly number[]
  readonly during: readonly number[]
  readonly after: readonly number[]
  readonly p99: { readonly before: number; readonly during: number; readonly after: number }
  readonly answers: Readonly<Record<number, number>>
  readonly recoverySeconds: number
}

/** One job over one outage, and all that is promised of it. */
export async function overAnOutage(cluster: Cluster, outage: Outage): Promise<Figures> {
  cluster.limitWorkers(true)
  const job = await cluster.start()
  const workers = cluster.workers.map(({ process }) => process)
  const began = Date.now()
  const working = (since: number): boolean => workers.every((each) => countedAt(each).some(({ at }) => at > since))
  await until('both workers count', () => Promise.resolve(working(began)))
  const watch = watchStatus(`${cluster.url}/marc-migrations/${job.id}`, TENANT)
  try {
    const before = await lasting(BEFORE_MS)
    const cutAt = Date.now()
    await outage.cut(job)
    const [early, late] = [await lasting(GRACE_MS), await lasting(OUTAGE_MS - GRACE_MS, outage.meanwhile)]
    const during = { from: cutAt, to: late.to }
    outage.mend()
    await until('what was cut off works again', () => outage.isBack(job, during.to), RECOVERY_LIMIT_MS)
    const recoverySeconds = (Date.now() - during.to) / 1000
    const after = await lasting(AFTER_MS)
    await watch.stop()

    const figures: Figures = {
      before: workers.map((each) => rounded(rate(each, before))),
      during: workers.map((each) => rounded(rate(each, during))),
      after: workers.map((each) => rounded(rate(each, after))),
      p99: { before: p99(watch.asked, before), during: p99(watch.asked, late), after: p99(watch.asked, after) },
      answers: tally(watch.asked.filter(within(late))),
      recoverySeconds: rounded(recoverySeconds)
    }
    console.log(
      JSON.stringify({ ...figures, early: { p99: p99(watch.asked, early), ...tally(watch.asked.filter(within(early))) } })
    )
    expectSteady(figures)
    for (const survivor of outage.survivors) {
      const undisturbed = Math.min(rate(survivor.process, before), rate(survivor.process, after))
      const kept = rate(survivor.process, during) / undisturbed
      expect(kept, `${survivor.host.name} keeps its rate`).toBeGreaterThan(KEPT)
    }
    expect(
      Object.keys(figures.answers)
        .map(Number)
        .filter((status) => !outage.answers.includes(status))
    ).toEqual([])
    expect(figures.p99.during, 'p99 of the status after the grace').toBeLessThan(P99_MS)
    expect(tally(watch.asked.filter(within(after)))).toEqual({ 200: expect.any(Number) as number })
    await cluster.finish(job)
    return figures
  } catch (error) {
    for (const node of [...cluster.workers, ...cluster.coordinators]) console.log(lastWords(node))
    throw error
  } finally {
    outage.mend()
    cluster.mendAll()
    await watch.stop()
    cluster.limitWorkers(false)
  }
}

/** Rates say nothing where the machine did not keep them up with nothing cut. */
function expectSteady({ before, after, p99 }: Figures): void {
  const rates = [...before, ...after]
  const busy = Math.min(...rates) < LEAST_RATE || Math.max(p99.before, p99.after) > QUIET_P99_MS
  if (!busy) return
  const seen = `${rates.join(', ')} chunks a second, p99 of the status ${p99.before} and ${p99.after} ms`
  throw new Error(`the machine is too busy for this test: with nothing cut it reached ${seen}`)
}

const LAST_LINES = 30

/** What a node said last, for whoever looks into a failure. */
function lastWords({ host, process }: Node): string {
  const lines = process.log.filter(({ msg }) => msg !== 'chunk.counted').slice(-LAST_LINES)
  const told = lines.map(({ time, msg, outcome, round, err }) => {
    const { message } = (err ?? {}) as { message?: string }
    return [time, msg, outcome ?? round ?? '', message ?? ''].map(String).join(' ')
  })
  return [host.name, ...told].join('\n  ')
}

async function lasting(ms: number, meanwhile?: () => Promise<void>): Promise<Span> {
  const from = Date.now()
  await Promise.all([sleep(ms), meanwhile?.()])
  return { from, to: Date.now() }
}

const p99 = (asked: readonly Asked[], span: Span): number => quantile(asked.filter(within(span)), 0.99)
const rounded = (value: number): number => Math.round(value * 100) / 100

function tally(asked: readonly Asked[]): Record<number, number> {
  const counts: Record<number, number> = {}
  for (const { status } of asked) counts[status] = (counts[status] ?? 0) + 1
  return counts
}
