import type { FileFormat } from '@marc-migrations/domain'
import { openRecords } from '@marc-migrations/marc'

/** A file without an end: what it begins with, and what comes again and again. */
export interface EndlessStream {
  readonly format: FileFormat
  readonly begin: string
  readonly unit: string
}

/** What one process needed for it, in bytes: over what it had needed before it began. */
export interface MemoryNeeded {
  readonly refused: number
  /** Peak of what was in use, garbage collected first: `early` within the first quarter of the stream, `late` after that. */
  readonly live: { readonly early: number; readonly late: number }
  /** Peak of the process as the system counts it. */
  readonly resident: number
}

const MIB = 1024 * 1024
const PIECE_BYTES = 64 * 1024
/** Looked at one piece short of the longest record, so that each look finds the record under way a piece further on. */
const LOOK_BYTES = 4 * MIB - PIECE_BYTES
const [, , what = '', mib = '', mode = ''] = process.argv

// Alone in a process of its own, so that every byte counted is the reader's.
const { format, begin, unit } = JSON.parse(what) as EndlessStream
const needed = await read(Number(mib) * MIB, mode === 'live')
console.log(JSON.stringify(needed))

async function read(totalBytes: number, live: boolean): Promise<MemoryNeeded> {
  const piece = Buffer.from(unit.repeat(Math.floor(PIECE_BYTES / unit.length)))
  const before = inUse()
  const residentBefore = residentPeak()
  const peak = { early: 0, late: 0 }
  // Made while it is read, so that it is nowhere as a whole.
  const stream = async function* () {
    yield Buffer.from(begin)
    for (let sent = 0, lookedAt = 0; sent < totalBytes; sent += piece.length) {
      yield await Promise.resolve(piece)
      if (!live || sent - lookedAt < LOOK_BYTES) continue
      lookedAt = sent
      const phase = sent < totalBytes / 4 ? 'early' : 'late'
      peak[phase] = Math.max(peak[phase], inUse() - before)
    }
  }
  let refused = 0
  for await (const reading of openRecords(stream(), { format })) if (!reading.ok) refused++
  return { refused, live: peak, resident: residentPeak() - residentBefore }
}

/** The second collection waits until the buffers that the first one found are free, which it leaves to another thread. */
function inUse(): number {
  global.gc?.()
  global.gc?.()
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

/** Never falls. */
function residentPeak(): number {
  return process.resourceUsage().maxRSS * 1024
}
