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

const DEFAULT_LEADER = '00000nam a2200000 a 4500'

/**
 * A record as a reader leaves it: leader as it was written, 001 apart, other control fields and fields in the order they
 * stand in. One buffer serves all records, so reading leaves no garbage but the texts.
 */
export class RecordBuffer {
  leader = DEFAULT_LEADER
  /** The last 001; it is mapped before every other control field. */
  controlNumber: string | undefined
  controlCount = 0
  readonly controls: ControlBuffer[] = []
  fieldCount = 0
  readonly fields: FieldBuffer[] = []
  /** No text of the record needs an escape in JSON. */
  plain = false

  reset(): void {
    this.leader = DEFAULT_LEADER
    this.controlNumber = undefined
    this.controlCount = 0
    this.fieldCount = 0
    this.plain = false
  }

  addControl(tag: string, value: string): void {
    if (tag === '001') {
      this.controlNumber = value
      return
    }
    const control = this.controls[this.controlCount]
    if (control === undefined) this.controls.push({ tag, value })
    else {
      control.tag = tag
      control.value = value
    }
    this.controlCount++
  }

  addField(tag: string): FieldBuffer {
    let field = this.fields[this.fieldCount]
    if (field === undefined) {
      field = { tag, ind1: NO_INDICATOR, ind2: NO_INDICATOR, size: 0, codes: [], values: [] }
      this.fields.push(field)
    } else {
      field.tag = tag
      field.ind1 = NO_INDICATOR
      field.ind2 = NO_INDICATOR
      field.size = 0
    }
    this.fieldCount++
    return field
  }
}

export function addSubfield(field: FieldBuffer, code: number, value: string): void {
  field.codes[field.size] = code
  field.values[field.size] = value
  field.size++
}

/** The first subfield of a code; undefined when there is none. */
export function firstValue(field: FieldBuffer, code: number): string | undefined {
  for (let i = 0; i < field.size; i++) if (field.codes[i] === code) return field.values[i]
  return undefined
}

export function hasSubfield(field: FieldBuffer, code: number): boolean {
  for (let i = 0; i < field.size; i++) if (field.codes[i] === code) return true
  return false
}
