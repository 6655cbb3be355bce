// `npm run simulate`: many seeds, or one again. Ends with what seldom happens and how often it did; exit code 1
// when a seed failed, or when something that must have happened never did.
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { rareEvents } from './history.ts'
import type { RareEvent } from './history.ts'
import { runSimulation } from './run-simulation.ts'
import type { SimulationReport } from './run-simulation.ts'

const USAGE = `npm run simulate -- [--seeds N] [--from SEED] [--jobs J]
                                                 N seeds (100000) from SEED (1) on, in J processes (1)
npm run simulate -- --seed SEED [--trace]        one seed again; --trace prints what happened`
const PROGRESS_EVERY_MS = 5_000
const FAILURES_SHOWN = 10
/** So many meet everything that is rare, or prove less than they seem to. */
const SEEDS_FOR_ALL = 500

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100000' },
    from: { type: 'string', default: '1' },
    jobs: { type: 'string', default: '1' },
    every: { type: 'string' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})
const [from, seeds] = [Number(values.from), Number(values.seeds)]
if (values.help) console.log(USAGE)
else if (values.every !== undefined) await runEach(from, seeds, Number(values.every), (outcome) => process.send?.(outcome))
else if (values.seed === undefined) await runMany(from, seeds, Number(values.jobs))
else {
  const report = await runSimulation(Number(values.seed))
  if (values.trace) for (const line of report.lines) console.log(line)
  show(report)
}

/** What one seed adds to the sum of all. */
type Outcome = Omit<SimulationReport, 'lines'>

async function runMany(from: number, seeds: number, jobs: number): Promise<void> {
  const totals = new Map<RareEvent, number>()
  const began = performance.now()
  let shownAt = began
  let done = 0
  let failed = 0
  let virtualMs = 0
  const take = (outcome: Outcome): void => {
    done++
    virtualMs += outcome.virtualMs
    for (const event of rareEvents) totals.set(event, (totals.get(event) ?? 0) + (outcome.rareEvents[event] ?? 0))
    if (outcome.violations.length > 0 && failed++ < FAILURES_SHOWN) show(outcome)
    if (performance.now() - shownAt < PROGRESS_EVERY_MS && done < seeds) return
    shownAt = performance.now()
    const perSecond = (done * 1000) / (shownAt - began)
    console.log(`${done} of ${seeds} seeds, ${failed} failed, ${perSecond.toFixed(1)} a second`)
  }
  if (jobs === 1) await runEach(from, seeds, 1, take)
  else await Promise.all(Array.from({ length: jobs }, (_, job) => runElsewhere(from + job, seeds - job, jobs, take)))
  console.log(`\n${(virtualMs / 3_600_000).toFixed(1)} hours of virtual time. What seldom happens:`)
  for (const event of rareEvents) console.log(`${String(totals.get(event) ?? 0).padStart(9)}  ${event}`)
  const never = rareEvents.filter((event) => (totals.get(event) ?? 0) === 0)
  if (never.length > 0) console.log(`never happened: ${never.join(', ')}`)
  if (never.length > 0 && seeds >= SEEDS_FOR_ALL) process.exitCode = 1
  console.log(failed === 0 ? `no seed of ${seeds} failed` : `${failed} of ${seeds} seeds failed`)
  if (failed > 0) process.exitCode = 1
}

async function runEach(from: number, seeds: number, every: number, take: (outcome: Outcome) => void): Promise<void> {
  for (let seed = from; seed < from + seeds; seed += every) {
    const { lines: _, ...outcome } = await runSimulation(seed)
    take(outcome)
  }
}

/** One seed of so many, in a process of its own. */
function runElsewhere(from: number, seeds: number, every: number, take: (outcome: Outcome) => void): Promise<void> {
  const args = ['--from', String(from), '--seeds', String(seeds), '--every', String(every)]
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(import.meta.url), args)
    child.on('message', (outcome) => take(outcome as Outcome))
    child.on('error', reject)
    child.on('exit', (code) => (code === 0 ? resolve() : reject(new Error(`a job ended with ${code}`))))
  })
}

function show({ seed, violations, digest, virtualMs }: Outcome): void {
  const verdict = violations.length === 0 ? 'sound' : 'FAILED'
  console.log(
    `seed ${seed}: ${verdict} after ${(virtualMs / 1000).toFixed(1)} s of virtual time, digest ${digest.slice(0, 16)}`
  )
  for (const violation of violations) console.log(`  ${violation}`)
  if (violations.length === 0) return
  process.exitCode = 1
  console.log(`  again: npm run simulate -- --seed ${seed} --trace`)
}
