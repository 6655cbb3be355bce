/** A rejected record, with its place in the file and why. */
export interface RejectedRecord {
  readonly index: number
  readonly offset: number
  readonly length: number
  readonly recordId?: string
  readonly reason: string
  readonly marc?: unknown
}
