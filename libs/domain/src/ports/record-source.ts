import type { ChunkWindow, Claim, NewChunk } from '../chunk.ts'
import type { Operation } from '../operation.ts'

/** A part of the source that one coordinator splits at a time. Cursor and bounds are the source's own text. */
export interface SplitRange {
  readonly id: string
  readonly operationId: string
  readonly from: string | null
  /** Where the range ends, inclusive; null = at the end of the source. */
  readonly to: string | null
  readonly cursor: string | null
  /** Chunks of this range written so far; the next chunk's position counts on from here. */
  readonly firstPosition: number
  readonly epoch: number
}

export interface SplitSizes {
  /** Records per chunk, RECORDS_CHUNK_SIZE. */
  readonly recordsPerChunk: number
  /** Record ids per read, CHUNK_FETCH_IDS_COUNT. */
  readonly idsPerFetch: number
  /** Chunk rows per page at the most, CHUNK_PERSIST_COUNT. */
  readonly chunksPerPage: number
}

/** Chunks in source order, and the cursor that stands behind the last of them. */
export interface SplitPage {
  readonly chunks: readonly NewChunk[]
  readonly cursor: string
  readonly recordCount: number
  readonly done: boolean
}

/** A stored record with its entity, as FOLIO's views give it. `marc` is JSON text, not parsed. */
export interface SourceRow {
  readonly marcId: string
  readonly recordId: string
  readonly marc: string | null
  readonly state: string
  readonly version: number | null
}

/** The records of one chunk as the source holds them. */
export type ChunkRecords =
  | { readonly kind: 'rows'; readonly rows: readonly SourceRow[] }
  | {
      readonly kind: 'file'
      /** `readings`: what the splitter made of a file that cannot be read by range. */
      readonly format: 'iso2709' | 'jsonl' | 'readings'
      readonly bytes: Uint8Array
      readonly firstRecordIndex: number
      /** Offset of `bytes[0]` in the file. */
      readonly firstOffset: number
      readonly sourceName: string
    }

/** FOLIO's source record storage, or an uploaded file. */
export interface RecordSource {
  /** Records of the whole source; null when only the split can tell. */
  count(operation: Operation): Promise<number | null>
  /** Pages from the range's cursor on; the last one says `done`. Restartable at any page. */
  split(operation: Operation, range: SplitRange, sizes: SplitSizes, signal: AbortSignal): AsyncIterable<SplitPage>
  /** Cuts what lies behind the cursor into ranges of about equal size; none when the source cannot be cut. */
  divide(operation: Operation, range: SplitRange, parts: number): Promise<readonly { from: string; to: string | null }[]>
  /** @throws {MigrationError} SOURCE_CHANGED when the file is another than at the start */
  read(claim: Claim & { readonly window: ChunkWindow }, signal: AbortSignal): Promise<ChunkRecords>
}
