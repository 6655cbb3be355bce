import { createWriteStream } from 'node:fs'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { breakages, brokenRecord, CUT_OFF, oddRecord, type Breakage } from './broken-record.ts'
import { madeRecord } from './made-record.ts'

export interface DemoFileOptions {
  /** Records in the file, the unreadable ones among them. */
  readonly records: number
  /** How many of them are made unreadable; the last one always is when any is. */
  readonly broken: number
  /** Another seed, another file; the same seed and counts, the same bytes. */
  readonly seed?: number
}

/** A record that no reader can read, by its index in the file from 0. */
export interface PlantedFault {
  readonly index: number
  readonly how: Breakage | typeof CUT_OFF
}

export interface DemoFile {
  readonly planted: readonly PlantedFault[]
  readonly lengthBytes: number
}

export const DEMO_RECORDS = 20_000
export const DEMO_BROKEN = 7

const BATCH_BYTES = 256 * 1024
/** Every so many records one is odd but readable. */
const ODD_EVERY = 997

/** Which records are made unreadable: spread evenly, each way in turn, and the last one cut off. */
export function plantedFaults({ records, broken }: DemoFileOptions): readonly PlantedFault[] {
  const count = Math.min(broken, records)
  if (count === 0) return []
  const spread = Array.from({ length: count - 1 }, (_, i) => ({
    index: Math.floor(((i + 1) * (records - 1)) / count),
    how: breakages[i % breakages.length] ?? breakages[0]
  }))
  return [...spread, { index: records - 1, how: CUT_OFF }]
}

/** The records of the file in order, made one at a time, so that a file of any size needs no memory. */
export function* demoRecords(options: DemoFileOptions): Iterable<Buffer> {
  const seed = options.seed ?? 1
  const planted = new Map(plantedFaults(options).map(({ index, how }) => [index, how]))
  for (let index = 0; index < options.records; index++) {
    const sound = madeRecord(seed, index)
    const how = planted.get(index)
    if (how !== undefined) yield brokenRecord(sound, how)
    else yield index % ODD_EVERY === ODD_EVERY - 1 ? oddRecord(sound, index) : sound
  }
}

/** Writes the file; nothing but one batch stands in memory. */
export async function writeDemoFile(path: string, options: DemoFileOptions): Promise<DemoFile> {
  const file = createWriteStream(path)
  await pipeline(Readable.from(batches(demoRecords(options))), file)
  return { planted: plantedFaults(options), lengthBytes: file.bytesWritten }
}

function* batches(records: Iterable<Buffer>): Iterable<Buffer> {
  let batch: Buffer[] = []
  let bytes = 0
  for (const record of records) {
    batch.push(record)
    bytes += record.length
    if (bytes < BATCH_BYTES) continue
    yield Buffer.concat(batch, bytes)
    batch = []
    bytes = 0
  }
  yield Buffer.concat(batch, bytes)
}
