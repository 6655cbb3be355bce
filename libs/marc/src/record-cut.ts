/** One raw record of a file: which bytes, and the how manieth. Offsets are absolute; the terminator belongs to the record. */
export interface RecordCut {
  readonly index: number
  readonly offset: number
  readonly length: number
}

/** Where a cutter starts: at a record boundary of the file, with the index of the record that begins there. */
export interface CutterStart {
  readonly offset: number
  readonly index: number
}

/**
 * The most bytes one record may have: forty times what ISO 2709 can describe. What runs on beyond is cut here, so that a file
 * without terminators costs errors and not memory; where the cut falls depends on nothing but where the record began.
 */
export const MAX_RECORD_BYTES = 4 * 1024 * 1024
