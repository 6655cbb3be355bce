import { createHash } from 'node:crypto'
import { chunkSourceName } from '@marc-migrations/domain'
import type {
  FileSource,
  NewChunk,
  ObjectStore,
  Operation,
  SplitPage,
  SplitRange,
  SplitSizes
} from '@marc-migrations/domain'
import { openRecords, sourceLine } from '@marc-migrations/marc'

/** A chunk ends early when its lines pass this, as a chunk that is read by range does. */
const MAX_OBJECT_BYTES = 8 * 1024 * 1024
const CHUNKS_PER_PAGE = 8

/**
 * Splits a file that cannot be read by range (gzip, MARCXML, JSON array, MRK): read once from its beginning, each chunk written
 * as an object of its own before its row is.
 *
 * A split that is taken up again reads from the beginning, too, and leaves out what has its rows already. A chunk's id follows
 * from the operation and its first record, so that the second splitter writes over what the first one may have left.
 */
export async function* splitIntoObjects(
  objects: ObjectStore,
  subPath: string,
  operation: Operation,
  file: FileSource,
  range: SplitRange,
  sizes: SplitSizes,
  signal: AbortSignal
): AsyncIterable<SplitPage> {
  const done = range.cursor === null ? 0 : Number(range.cursor)
  let nextIndex = done
  let position = range.firstPosition
  let chunks: NewChunk[] = []
  let lines: string[] = []
  let bytes = 0

  const closeChunk = async (): Promise<void> => {
    if (lines.length === 0) return
    const firstRecordIndex = nextIndex
    const id = chunkId(operation.id, firstRecordIndex)
    const objectKey = chunkSourceName(subPath, operation.id, id)
    await objects.put(objectKey, Buffer.from(lines.join('')), signal)
    chunks.push({
      id,
      position: position++,
      recordCount: lines.length,
      window: { kind: 'object', objectKey, firstRecordIndex }
    })
    nextIndex += lines.length
    lines = []
    bytes = 0
  }
  const takePage = (isLast: boolean): SplitPage => {
    const recordCount = chunks.reduce((sum, chunk) => sum + chunk.recordCount, 0)
    const page = { chunks, cursor: String(nextIndex), recordCount, done: isLast }
    chunks = []
    return page
  }

  const stream = objects.read(file.objectKey, { ifMatch: file.etag, signal })
  for await (const reading of openRecords(stream, file.format === 'gzip' ? {} : { format: file.format })) {
    if (reading.index < done) continue
    const line = sourceLine(reading)
    lines.push(line)
    bytes += line.length
    if (lines.length >= sizes.recordsPerChunk || bytes >= MAX_OBJECT_BYTES) await closeChunk()
    if (chunks.length >= CHUNKS_PER_PAGE) yield takePage(false)
  }
  await closeChunk()
  yield takePage(true)
}

function chunkId(operationId: string, firstRecordIndex: number): string {
  const hex = createHash('sha256').update(`${operationId}/${firstRecordIndex}`).digest('hex')
  // Version 8 of RFC 9562: a UUID whose bits are the application's own.
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`
}
