/** A record as objects, for those who want to look into it; the hot path never builds one. */
export interface MarcRecord {
  /** 24 characters; length and base address (00-04, 12-16) are zeros. */
  readonly leader: string
  /** 001 first, the other control fields, then data fields, each group in the order it was read. */
  readonly fields: readonly MarcField[]
}

export type MarcField = ControlField | DataField

export interface ControlField {
  readonly tag: string
  readonly value: string
}

export interface DataField {
  readonly tag: string
  readonly ind1: string
  readonly ind2: string
  readonly subfields: readonly Subfield[]
}

export interface Subfield {
  readonly code: string
  readonly value: string
}

export function isControlField(field: MarcField): field is ControlField {
  return 'value' in field
}

/** 000 to 009: everything else has indicators and subfields. */
export function isControlTag(tag: string): boolean {
  return tag.length === 3 && tag.startsWith('00') && tag >= '000' && tag <= '009'
}
