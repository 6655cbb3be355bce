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
const [, , what = '', mib = ''] = process.argv

// Alone in a process of its own, so that every byte counted is the reader's.
const { format, begin, unit } = JSON.parse(what) as EndlessStream
const residentBefore = residentPeak()
await read(Number(mib) * MIB)
const resident = residentPeak() - residentBefore
console.log(JSON.stringify({ ...(await readLookingOn(Number(mib) * MIB)), resident } satisfies MemoryNeeded))

/** As fast as it goes, with garbage collected when the engine thinks fit. */
async function read(totalBytes: number): Promise<number> {
  return await refusedOf(endless(totalBytes, () => {}))
}

/** Again, with a look at what is in use every few pieces. */
async function readLookingOn(totalBytes: number): Promise<Pick<MemoryNeeded, 'refused' | 'live'>> {
  const before = inUse()
  const live = { early: 0, late: 0 }
  let lookedAt = 0
  const stream = endless(totalBytes, (sent) => {
    if (sent - lookedAt < LOOK_BYTES) return
    lookedAt = sent
    const phase = sent < totalBytes / 4 ? 'early' : 'late'
    live[phase] = Math.max(live[phase], inUse() - before)
  })
  return { refused: await refusedOf(stream), live }
}

/** Made while it is read, so that it is nowhere as a whole. */
async function* endless(totalBytes: number, look: (sentBytes: number) => void): AsyncGenerator<Buffer> {
  const piece = Buffer.from(unit.repeat(Math.floor(PIECE_BYTES / unit.length)))
  yield Buffer.from(begin)
  for (let sent = 0; sent < totalBytes; sent += piece.length) {
    yield await Promise.resolve(piece)
    look(sent)
  }
}

async function refusedOf(stream: AsyncIterable<Buffer>): Promise<number> {
  let refused = 0
  for await (const reading of openRecords(stream, { format })) if (!reading.ok) refused++
  return refused
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
