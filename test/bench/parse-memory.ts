import { openRecords } from '@marc-migrations/marc'

import { round2 } from './parse-measure.ts'

const MB = 1024 * 1024
const PIECE_BYTES = 64 * 1024

export interface MemoryUse {
  readonly readMb: number
  readonly records: number
  readonly peakMb: number
  /** Growth of the resident set over the last 80 % of the run, in percent of what it was at their beginning. */
  readonly slopePercent: number
}

/** Reads one block over and over as if it were a file of that size, and watches the resident set. */
export async function memoryOfReading(block: Uint8Array, megabytes: number): Promise<MemoryUse> {
  const samples: { bytes: number; rss: number }[] = []
  let bytes = 0
  // eslint-disable-next-line @typescript-eslint/require-await -- a stream is asynchronous, this one never has to wait
  const file = async function* () {
    while (bytes < megabytes * MB) {
      for (let at = 0; at < block.length; at += PIECE_BYTES) yield block.subarray(at, at + PIECE_BYTES)
      bytes += block.length
      samples.push({ bytes, rss: process.memoryUsage.rss() })
    }
  }
  let records = 0
  for await (const reading of openRecords(file())) if (reading.ok) records += 1
  const last = samples.filter((sample) => sample.bytes > bytes * 0.2)
  const { start, end } = line(last)
  return {
    readMb: Math.round(bytes / MB),
    records,
    peakMb: Math.round(Math.max(...samples.map(({ rss }) => rss)) / MB),
    slopePercent: round2(((end - start) / start) * 100)
  }
}

/** The straight line nearest to the samples: its height at the first and at the last of them. */
function line(samples: readonly { readonly bytes: number; readonly rss: number }[]): { start: number; end: number } {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
  const x = mean(samples.map(({ bytes }) => bytes))
  const y = mean(samples.map(({ rss }) => rss))
  const covariance = samples.reduce((sum, { bytes, rss }) => sum + (bytes - x) * (rss - y), 0)
  const variance = samples.reduce((sum, { bytes }) => sum + (bytes - x) ** 2, 0)
  const at = (bytes: number) => y + (covariance / variance) * (bytes - x)
  return { start: at(samples[0]?.bytes ?? 0), end: at(samples.at(-1)?.bytes ?? 0) }
}
