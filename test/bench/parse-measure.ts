import { cpus } from 'node:os'

/** One thing to be measured: does its whole work once, and says how many records that were. */
export type Work = () => number | Promise<number>

export interface Measured {
  /** Median records per CPU second (user and system, of the whole process). */
  readonly perCpuSecond: number
  /** Median over the rounds of our rate divided by the peer's in the same round. */
  readonly ratio: number
}

/** Measures two in turn, so that what else the machine does meets both alike. The first round warms up and is dropped. */
export async function inTurn(ours: Work, peer: Work, rounds: number): Promise<Measured> {
  const rates: { ours: number; peer: number }[] = []
  for (let round = 0; round <= rounds; round++) rates.push({ ours: await rateOf(ours), peer: await rateOf(peer) })
  const counted = rates.slice(1)
  return {
    perCpuSecond: Math.round(median(counted.map((rate) => rate.ours))),
    ratio: round2(median(counted.map((rate) => rate.ours / rate.peer)))
  }
}

async function rateOf(work: Work): Promise<number> {
  globalThis.gc?.()
  const before = process.cpuUsage()
  const records = await work()
  const { user, system } = process.cpuUsage(before)
  return records / ((user + system) / 1e6)
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}

export function round2(value: number): number {
  return Math.round(value * 100) / 100
}

/** One JSON line: what was measured, on what, when. */
export function printLine(line: {
  readonly name: string
  readonly unit: string
  readonly value: number
  readonly ratio: number | null
  readonly n: number
  readonly rounds: number
  readonly [fact: string]: unknown
}): void {
  console.log(JSON.stringify({ ...line, cpu: cpus()[0]?.model ?? 'unknown', date: new Date().toISOString() }))
}
