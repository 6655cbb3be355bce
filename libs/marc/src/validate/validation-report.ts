import type { ProblemCode, Severity } from '../problem.ts'

/** What a full check of a file found; plain data, the same in JSON. */
export interface ValidationReport {
  /** Records that can be read. */
  readonly records: number
  /** Records that would be lost. */
  readonly errors: number
  /** Records read with at least one warning. */
  readonly recordsWithWarnings: number
  /** Readable records by encoding: `ascii`, `utf8`, `marc8`, `latin1`. */
  readonly encodings: Readonly<Record<string, number>>
  /** Readable records by leader/06. */
  readonly types: Readonly<Record<string, number>>
  /** By severity, then by number of records. */
  readonly problems: readonly ProblemSummary[]
  readonly duplicates: {
    /** 001 together with 003. */
    readonly controlNumbers: DuplicateSummary
    /** 010 $a. */
    readonly lccns: DuplicateSummary
  }
}

export interface ProblemSummary {
  readonly code: ProblemCode
  readonly severity: Severity
  readonly message: string
  readonly hint: string
  /** How often it was found; records may have it several times. */
  readonly count: number
  readonly records: number
  /** Occurrences by tag, most frequent first; problems of the whole record stand under no tag. */
  readonly tags: readonly { readonly tag: string; readonly count: number }[]
  /** The first few places. */
  readonly examples: readonly ProblemExample[]
}

export interface ProblemExample {
  readonly index: number
  readonly offset: number
  readonly controlNumber?: string
  readonly tag?: string
  readonly message: string
}

export interface DuplicateSummary {
  /** Records whose value an earlier record had. */
  readonly records: number
  /** The first few values that repeat. */
  readonly examples: readonly { readonly value: string; readonly firstIndex: number; readonly index: number }[]
  /** False when the file has more values than could be remembered. */
  readonly complete: boolean
}
