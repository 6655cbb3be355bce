import type { FileFormat } from '@marc-migrations/domain'
import { MigrationError } from '@marc-migrations/domain'

import { GunzipError, gunzip } from './gunzip.ts'
import type { GzipLimits } from './gunzip.ts'
import { JsonReader } from './json/json-reader.ts'
import { MarcXmlReader } from './marcxml/marcxml-reader.ts'
import { MrkReader } from './mrk/mrk-reader.ts'
import type { PieceReader } from './piece-reader.ts'
import { problemOf } from './problem.ts'
import { RangedReader } from './ranged-reader.ts'
import type { TextOptions } from './read-carefully.ts'
import type { Reading } from './reading.ts'
import { sniffFormat } from './sniff-format.ts'

export interface OpenOptions extends TextOptions, GzipLimits {
  /** Told from the first bytes when absent. A gzip file is unpacked either way; the format is that of what is inside. */
  readonly format?: FileFormat
}

/** Small pieces are joined to blocks of this size, so that what a network does to a file costs nothing. */
const BLOCK_BYTES = 64 * 1024

/**
 * Reads a file of any format as it comes, compressed or not: one reading per record, in order, in memory that does not grow with
 * the file. The index of a reading counts on from 0; nothing is read twice and nothing left out without an error reading.
 *
 * @throws {MigrationError} SOURCE_UNREADABLE when the first bytes are none of the formats
 */
export async function* openRecords(
  stream: AsyncIterable<Uint8Array>,
  options: OpenOptions = {}
): AsyncGenerator<Reading, void, undefined> {
  const blocks = inBlocks(stream)
  try {
    const first = await blocks.next()
    if (first.done === true) return
    if (sniffFormat(first.value) === 'gzip') yield* readGzip(withFirst(first.value, blocks), options)
    else yield* readPlain(withFirst(first.value, blocks), formatOf(first.value, options), options)
  } finally {
    await blocks.return()
  }
}

async function* readGzip(packed: AsyncIterable<Uint8Array>, options: OpenOptions): AsyncGenerator<Reading, void, undefined> {
  const blocks = inBlocks(gunzip(packed, options))
  let index = 0
  let offset = 0
  try {
    const first = await blocks.next()
    if (first.done === true) return
    for await (const reading of readPlain(withFirst(first.value, blocks), formatOf(first.value, options), options)) {
      index = reading.index + 1
      offset = reading.offset + reading.length
      yield reading
    }
  } catch (error) {
    if (!(error instanceof GunzipError)) throw error
    yield { ok: false, index, offset, length: 0, problem: problemOf(error.code, { offset, detail: error.message }) }
  } finally {
    await blocks.return()
  }
}

async function* readPlain(
  blocks: AsyncIterable<Uint8Array>,
  format: FileFormat,
  options: TextOptions
): AsyncGenerator<Reading, void, undefined> {
  const reader = readerOf(format, options)
  for await (const block of blocks) yield* reader.push(block)
  yield* reader.end()
}

/** The reader of a format that is known. */
export function readerOf(format: FileFormat, options: TextOptions = {}): PieceReader {
  switch (format) {
    case 'iso2709':
    case 'jsonl':
      return new RangedReader(format, options)
    case 'marcxml':
      return new MarcXmlReader()
    case 'json':
      return new JsonReader()
    case 'mrk':
      return new MrkReader()
  }
}

function formatOf(first: Uint8Array, options: OpenOptions): FileFormat {
  const format = options.format ?? sniffFormat(first)
  if (format !== undefined && format !== 'gzip') return format
  throw new MigrationError('SOURCE_UNREADABLE', { reason: format === 'gzip' ? 'packed twice' : 'format not recognised' })
}

async function* inBlocks(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  let pieces: Uint8Array[] = []
  let bytes = 0
  const block = () => {
    const whole = Buffer.concat(pieces)
    pieces = []
    bytes = 0
    return whole
  }
  try {
    for await (const piece of stream) {
      pieces.push(piece)
      bytes += piece.length
      if (bytes >= BLOCK_BYTES) yield block()
    }
  } catch (error) {
    if (bytes > 0) yield block() // what came before the stream broke is read before the error is told
    throw error
  }
  if (bytes > 0) yield block()
}

/** The first block was only looked at. */
async function* withFirst(
  first: Uint8Array,
  blocks: AsyncIterable<Uint8Array>
): AsyncGenerator<Uint8Array, void, undefined> {
  yield first
  yield* blocks
}
