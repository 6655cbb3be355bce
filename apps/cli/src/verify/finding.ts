/** One thing that is not as the protocol promises. `broken` is a violated invariant, `warning` a fact worth knowing. */
export interface Finding {
  readonly severity: 'broken' | 'warning'
  /** I1 … I8 of the guarantees, or a warning's own name. */
  readonly invariant: string
  readonly message: string
  readonly chunkId?: string
  /** The chunk's object is missing or another than the one counted: `--repair` maps it again. */
  readonly repairable?: true
}
