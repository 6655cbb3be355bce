import type { FileHandle } from 'node:fs/promises'
import type { ObjectStore } from '@marc-migrations/domain'
import type { Chunk } from './migration-api.ts'
import type { OutFiles } from './out-files.ts'
import type { RejectedRecord } from './rejected-record.ts'

export interface ChunkResult {
  readonly position: number
  readonly read: number
  readonly mapped: number
  readonly rejected: number
}

export interface CollectedResults {
  readonly chunks: readonly ChunkResult[]
  /** Chunks whose files hold another number of lines than its row says, in words; none when all is well. */
  readonly differences: readonly string[]
  readonly rejectedIndexes: readonly number[]
  /** Each reason once, with how often it was given and where first. */
  readonly reasons: readonly { readonly reason: string; readonly count: number; readonly firstIndex: number }[]
}

/**
 * Reads every result file of an operation in source order, counts what stands in them against what the chunk rows say, and
 * hands the lines on. One chunk is in memory at a time.
 *
 * @param file the source, for the bytes of rejected records
 */
export async function collectResults(
  chunks: AsyncIterable<Chunk>,
  objects: ObjectStore,
  file: FileHandle,
  out: OutFiles | undefined
): Promise<CollectedResults> {
  const results: ChunkResult[] = []
  const differences: string[] = []
  const rejectedIndexes: number[] = []
  const reasons = new Map<string, { reason: string; count: number; firstIndex: number }>()
  for await (const chunk of chunks) {
    const mapped = await countEntities(objects, chunk.entityFile, out)
    const rejected = await rejectedRecords(objects, chunk)
    for (const record of rejected) {
      rejectedIndexes.push(record.index)
      const known = reasons.get(record.reason)
      if (known === undefined) reasons.set(record.reason, { reason: record.reason, count: 1, firstIndex: record.index })
      else known.count++
      if (out !== undefined) await out.rejected(record, await bytesOf(file, record))
    }
    results.push({ position: chunk.position, read: chunk.numOfRecords, mapped, rejected: rejected.length })
    differences.push(...differencesOf(chunk, mapped, rejected.length))
  }
  return { chunks: results, differences, rejectedIndexes, reasons: [...reasons.values()].sort((a, b) => b.count - a.count) }
}

function differencesOf(chunk: Chunk, mapped: number, rejected: number): string[] {
  const { position, numOfRecords, mappedNumOfRecords, rejectedNumOfRecords } = chunk
  const found: string[] = []
  if (mapped !== mappedNumOfRecords) found.push(`chunk ${position}: ${mapped} entity lines, ${mappedNumOfRecords} counted`)
  if (rejected !== rejectedNumOfRecords)
    found.push(`chunk ${position}: ${rejected} rejected lines, ${rejectedNumOfRecords} counted`)
  if (mapped + rejected !== numOfRecords)
    found.push(`chunk ${position}: ${mapped} + ${rejected} lines, ${numOfRecords} records read`)
  return found
}

async function countEntities(objects: ObjectStore, key: string | undefined, out: OutFiles | undefined): Promise<number> {
  if (key === undefined) return 0
  let lines = 0
  for await (const piece of objects.read(key)) {
    for (let at = piece.indexOf(0x0a); at >= 0; at = piece.indexOf(0x0a, at + 1)) lines++
    if (out !== undefined) await out.entities(piece)
  }
  return lines
}

async function rejectedRecords(objects: ObjectStore, { rejectedFile, reasonsFile }: Chunk): Promise<RejectedRecord[]> {
  const [records, reasons] = await Promise.all([linesOf(objects, rejectedFile), linesOf(objects, reasonsFile)])
  return records.map((line, i) => {
    const { index, offset, length, recordId, marc } = JSON.parse(line) as Omit<RejectedRecord, 'reason'>
    const id = recordId === undefined ? {} : { recordId }
    const content = marc === undefined ? {} : { marc }
    return { index, offset, length, ...id, reason: withoutId(reasons[i] ?? ''), ...content }
  })
}

/** A reason line begins with the record's id, or `<unknown>`, and a comma. */
const withoutId = (line: string): string => line.slice(line.indexOf(',') + 1)

async function linesOf(objects: ObjectStore, key: string | undefined): Promise<string[]> {
  if (key === undefined) return []
  const pieces: Uint8Array[] = []
  for await (const piece of objects.read(key)) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8').split('\n').slice(0, -1)
}

async function bytesOf(file: FileHandle, { offset, length }: RejectedRecord): Promise<Uint8Array> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset)
  return buffer.subarray(0, bytesRead)
}
