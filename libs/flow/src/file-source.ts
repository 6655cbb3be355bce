import { isObjectOf, isUploadOf, MigrationError } from '@marc-migrations/domain'
import type {
  ChunkRecords,
  Claim,
  FileSource,
  NewChunk,
  NewId,
  ObjectStore,
  Operation,
  RecordSource,
  SplitPage,
  SplitRange,
  SplitSizes
} from '@marc-migrations/domain'
import { Iso2709Cutter, JsonLineCutter } from '@marc-migrations/marc'
import type { RecordCut } from '@marc-migrations/marc'
import { splitIntoObjects } from './source-objects.ts'

/** A chunk ends early when its bytes pass this: 500 records of the largest size would be 50 MB in each slot. */
const MAX_WINDOW_BYTES = 8 * 1024 * 1024

/** The first page is small, so that workers have something to do while a large file is still being cut. */
const FIRST_PAGE_CHUNKS = 8

/** Where the next record begins: byte offset and index in the file. */
interface FileCursor {
  readonly offset: number
  readonly index: number
}

/**
 * Reads uploaded MARC files through the object store. Plain ISO 2709 and JSON lines are cut by bytes and read by range; of
 * everything else the splitter writes each chunk as an object of its own.
 *
 * Every read sends the etag the operation began with, so a file changed from outside stops the operation instead of
 * mapping half of each.
 */
export function fileSource(objects: ObjectStore, newId: NewId, subPath: string): RecordSource {
  return {
    count: () => Promise.resolve(null),
    divide: () => Promise.resolve([]),
    split: (operation, range, sizes, signal) => {
      const file = sourceOf(operation)
      return file.format === 'iso2709' || file.format === 'jsonl'
        ? splitByBytes(objects, newId, file, range, sizes, signal)
        : splitIntoObjects(objects, subPath, operation, file, range, sizes, signal)
    },
    read: (claim, signal) => readWindow(objects, claim, signal)
  }
}

async function* splitByBytes(
  objects: ObjectStore,
  newId: NewId,
  file: FileSource,
  range: SplitRange,
  sizes: SplitSizes,
  signal: AbortSignal
): AsyncIterable<SplitPage> {
  let cursor = parseCursor(range.cursor)
  let position = range.firstPosition
  let pageChunks = Math.min(FIRST_PAGE_CHUNKS, sizes.chunksPerPage)
  let chunks: NewChunk[] = []
  let window: RecordCut[] = []

  const closeWindow = (): void => {
    const first = window[0]
    const last = window.at(-1)
    if (first === undefined || last === undefined) return
    const end = last.offset + last.length
    cursor = { offset: end, index: last.index + 1 }
    chunks.push({
      id: newId(),
      position: position++,
      recordCount: window.length,
      window: { kind: 'bytes', offset: first.offset, length: end - first.offset, firstRecordIndex: first.index }
    })
    window = []
  }
  const takePage = (done: boolean): SplitPage => {
    const recordCount = chunks.reduce((sum, chunk) => sum + chunk.recordCount, 0)
    const page = { chunks, cursor: JSON.stringify(cursor), recordCount, done }
    chunks = []
    pageChunks = Math.min(pageChunks * 4, sizes.chunksPerPage)
    return page
  }

  for await (const cut of cutFile(objects, file, cursor, signal)) {
    window.push(cut)
    const bytes = cut.offset + cut.length - (window[0] ?? cut).offset
    if (window.length >= sizes.recordsPerChunk || bytes >= MAX_WINDOW_BYTES) closeWindow()
    if (chunks.length >= pageChunks) yield takePage(false)
  }
  closeWindow()
  yield takePage(true)
}

async function* cutFile(
  objects: ObjectStore,
  file: FileSource,
  from: FileCursor,
  signal: AbortSignal
): AsyncIterable<RecordCut> {
  const cutter = file.format === 'jsonl' ? new JsonLineCutter(from) : new Iso2709Cutter(from)
  const rest = file.lengthBytes - from.offset
  if (rest > 0) {
    const range = { offset: from.offset, length: rest }
    for await (const piece of objects.read(file.objectKey, { range, ifMatch: file.etag, signal })) yield* cutter.push(piece)
  }
  yield* cutter.end()
}

async function readWindow(objects: ObjectStore, claim: Claim, signal: AbortSignal): Promise<ChunkRecords> {
  const file = sourceOf(claim)
  const { window } = claim
  if (window.kind === 'ids') {
    throw new MigrationError('INVARIANT_BROKEN', { what: 'a chunk of a file is told by record ids', chunkId: claim.chunkId })
  }
  if (window.kind === 'object') {
    if (!isObjectOf(claim.operationId, window.objectKey)) throw foreignKey(claim)
    const bytes = await collectAll(objects.read(window.objectKey, { signal }))
    const { firstRecordIndex } = window
    return { kind: 'file', format: 'readings', bytes, firstRecordIndex, firstOffset: 0, sourceName: file.name }
  }
  const range = { offset: window.offset, length: window.length }
  const bytes = await collect(objects.read(file.objectKey, { range, ifMatch: file.etag, signal }), window.length)
  return {
    kind: 'file',
    format: file.format === 'jsonl' ? 'jsonl' : 'iso2709',
    bytes,
    firstRecordIndex: window.firstRecordIndex,
    firstOffset: window.offset,
    sourceName: file.name
  }
}

async function collect(pieces: AsyncIterable<Uint8Array>, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length)
  let filled = 0
  for await (const piece of pieces) {
    bytes.set(piece, filled)
    filled += piece.byteLength
  }
  if (filled !== length) throw new MigrationError('SOURCE_CHANGED', { wanted: length, had: filled })
  return bytes
}

async function collectAll(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = []
  for await (const piece of pieces) all.push(piece)
  return Uint8Array.from(Buffer.concat(all))
}

function sourceOf({ source, tenant }: Pick<Operation, 'source' | 'tenant'>): FileSource {
  if (source === null) throw new MigrationError('INVARIANT_BROKEN', { what: 'an import without a source file' })
  if (!isUploadOf(tenant, source.objectKey)) throw foreignKey({ tenant })
  return source
}

/** The key itself is not told: it may name what its reader has no right to know of. */
function foreignKey({ tenant, chunkId }: { readonly tenant: string; readonly chunkId?: string }): MigrationError {
  return new MigrationError('INVARIANT_BROKEN', {
    what: 'a stored name that is no object of its operation',
    tenant,
    chunkId
  })
}

function parseCursor(cursor: string | null): FileCursor {
  return cursor === null ? { offset: 0, index: 0 } : (JSON.parse(cursor) as FileCursor)
}
