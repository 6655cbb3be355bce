import type { Problem } from './problem.ts'
import type { Encoding } from './record-text.ts'

/**
 * What became of one cut of the input: a record, or the reason why there is none. Every cut yields exactly one reading, so
 * records + errors = cuts, always.
 *
 * `index` counts from 0 over the whole file; `offset` and `length` are bytes of the whole file, terminator included. Where the
 * input cannot be ranged (compressed, XML, arrays) they are bytes of the decompressed text.
 */
export type Reading = RecordReading | ErrorReading

export interface RecordReading {
  readonly ok: true
  readonly index: number
  readonly offset: number
  readonly length: number
  /** Canonical MARC-in-JSON: no spaces, leader/00-04 and 12-16 as zeros, 001 first, then 00X, then data fields. */
  readonly marc: string
  /** 001, as it stands. */
  readonly controlNumber?: string | undefined
  /** 003, as it stands. */
  readonly controlNumberIdentifier?: string | undefined
  /** What the bytes were. Formats that are text by themselves are `utf8` whatever they were stored in. */
  readonly encoding: Encoding
  readonly problems: readonly Problem[]
}

export interface ErrorReading {
  readonly ok: false
  readonly index: number
  readonly offset: number
  readonly length: number
  readonly problem: Problem
}

/** Where a piece of a file begins: the number of its first record and the offset of its first byte. */
export interface PiecePlace {
  readonly firstIndex: number
  readonly firstOffset: number
}
