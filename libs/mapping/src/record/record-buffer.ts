/**
 * One field with indicators and subfields. Buffers are reused: `size` says how many entries of `codes` and `values` count.
 * Codes and indicators are UTF-16 units; an indicator that the record does not have is NO_INDICATOR.
 */
export interface FieldBuffer {
  tag: string
  ind1: number
  ind2: number
  size: number
  codes: number[]
  values: string[]
}

export interface ControlBuffer {
  tag: string
  value: string
}

/** Equals the text of no indicator, not even a blank. */
export const NO_INDICATOR = -1

export const DEFAULT_LEADER = '00000nam a2200000 a 4500'

/** A record as the reader leaves it: leader rebuilt, 001 apart, other control fields and fields in the order they stand in. */
export class RecordBuffer {
  leader = DEFAULT_LEADER
  /** The last 001; it is mapped before every other control field. */
  controlNumber: string | undefined
  readonly controls: ControlBuffer[] = []
  readonly fields: FieldBuffer[] = []

  reset(): void {
    this.leader = DEFAULT_LEADER
    this.controlNumber = undefined
    this.controls.length = 0
    this.fields.length = 0
  }

  addControl(tag: string, value: string): void {
    if (tag === '001') this.controlNumber = value
    else this.controls.push({ tag, value })
  }
}

export function newField(tag: string): FieldBuffer {
  return { tag, ind1: NO_INDICATOR, ind2: NO_INDICATOR, size: 0, codes: [], values: [] }
}
