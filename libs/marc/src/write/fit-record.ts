import { isControlField } from '../marc-record.ts'
import type { MarcField, MarcRecord } from '../marc-record.ts'

/** What a format cannot hold: expressions that match a single such character, with the flags g and u. */
export interface Unfit {
  readonly value: RegExp
  readonly code: RegExp
  readonly indicator: RegExp
}

export interface Fitted {
  readonly record: MarcRecord
  /** The tags of the fields that had to be changed; none when the record is as it was. */
  readonly changed: readonly string[]
}

/**
 * Makes a record fit for a format: what the format cannot hold becomes U+FFFD in values and codes, a blank in leader and
 * indicators. One odd character must not cost the record.
 */
export function fitRecord(record: MarcRecord, unfit: Unfit): Fitted {
  const changed: string[] = []
  const note = <T>(tag: string, before: T, after: T): T => {
    if (before !== after && changed.at(-1) !== tag) changed.push(tag)
    return after
  }
  const leader = note('LDR', record.leader, record.leader.replace(/[^\x20-\x7e]/g, ' '))
  const fields = record.fields.map((field) => fitField(field, unfit, (before, after) => note(field.tag, before, after)))
  return changed.length === 0 ? { record, changed } : { record: { leader, fields }, changed }
}

function fitField(field: MarcField, unfit: Unfit, note: (before: string, after: string) => string): MarcField {
  const fit = (text: string, signs: RegExp, replacement: string) => note(text, text.replace(signs, replacement))
  if (isControlField(field)) return { tag: field.tag, value: fit(field.value, unfit.value, '\ufffd') }
  return {
    tag: field.tag,
    ind1: fit(field.ind1, unfit.indicator, ' '),
    ind2: fit(field.ind2, unfit.indicator, ' '),
    subfields: field.subfields.map(({ code, value }) => ({
      code: fit(code, unfit.code, '\ufffd'),
      value: fit(value, unfit.value, '\ufffd')
    }))
  }
}
