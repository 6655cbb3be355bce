// `npm run simulate`: many seeds, or one again. Ends with what seldom happens and how often it did; exit code 1
// when a seed failed, or when something that must have happened never did.
import { parseArgs } from 'node:util'
import { rareEvents } from './history.ts'
import type { RareEvent } from './history.ts'
import { runSimulation } from './run-simulation.ts'
import type { SimulationReport } from './run-simulation.ts'

const USAGE = `npm run simulate -- [--seeds N] [--from SEED]   N seeds (100000) from SEED (1) on
npm run simulate -- --seed SEED [--trace]        one seed again; --trace prints what happened`
const PROGRESS_EVERY_MS = 5_000
const FAILURES_SHOWN = 10
/** So many meet everything that is rare, or prove less than they seem to. */
const SEEDS_FOR_ALL = 500

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '100000' },
    from: { type: 'string', default: '1' },
    seed: { type: 'string' },
    trace: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false }
  }
})
if (values.help) console.log(USAGE)
else if (values.seed === undefined) await runMany(Number(values.from), Number(values.seeds))
else show(await runSimulation(Number(values.seed)), values.trace)

async function runMany(from: number, seeds: number): Promise<void> {
  const totals = new Map<RareEvent, number>()
  const began = performance.now()
  let shownAt = began
  let failed = 0
  let virtualMs = 0
  for (let seed = from; seed < from + seeds; seed++) {
    const report = await runSimulation(seed)
    virtualMs += report.virtualMs
    for (const event of rareEvents) totals.set(event, (totals.get(event) ?? 0) + (report.rareEvents[event] ?? 0))
    if (report.violations.length > 0 && failed++ < FAILURES_SHOWN) show(report, false)
    if (performance.now() - shownAt > PROGRESS_EVERY_MS || seed === from + seeds - 1) {
      shownAt = performance.now()
      const done = seed - from + 1
      const perSecond = (done * 1000) / (shownAt - began)
      console.log(`${done} of ${seeds} seeds, ${failed} failed, ${perSecond.toFixed(1)} a second`)
    }
  }
  console.log(`\n${(virtualMs / 3_600_000).toFixed(1)} hours of virtual time. What seldom happens:`)
  for (const event of rareEvents) console.log(`${String(totals.get(event) ?? 0).padStart(9)}  ${event}`)
  const never = rareEvents.filter((event) => (totals.get(event) ?? 0) === 0)
  if (never.length > 0) console.log(`never happened: ${never.join(', ')}`)
  if (never.length > 0 && seeds >= SEEDS_FOR_ALL) process.exitCode = 1
  console.log(failed === 0 ? `no seed of ${seeds} failed` : `${failed} of ${seeds} seeds failed`)
  if (failed > 0) process.exitCode = 1
}

function show({ seed, violations, digest, virtualMs, lines }: SimulationReport, trace: boolean): void {
  if (trace) for (const line of lines) console.log(line)
  const verdict = violations.length === 0 ? 'sound' : 'FAILED'
  console.log(
    `seed ${seed}: ${verdict} after ${(virtualMs / 1000).toFixed(1)} s of virtual time, digest ${digest.slice(0, 16)}`
  )
  for (const violation of violations) console.log(`  ${violation}`)
  if (violations.length === 0) return
  process.exitCode = 1
  console.log(`  again: npm run simulate -- --seed ${seed} --trace`)
}
