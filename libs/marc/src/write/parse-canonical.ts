import type { MarcField, MarcRecord } from '../marc-record.ts'

type JsonField = Readonly<Record<string, string | JsonDataField>>
interface JsonDataField {
  readonly ind1: string
  readonly ind2: string
  readonly subfields: readonly Readonly<Record<string, string>>[]
}

/** The record in a canonical text, as `Reading.marc` has it. Other JSON goes through `readJsonLines`, which mistrusts it. */
export function parseCanonical(marc: string): MarcRecord {
  const { leader, fields } = JSON.parse(marc) as { leader: string; fields: readonly JsonField[] }
  return { leader, fields: fields.flatMap(fieldsOf) }
}

function fieldsOf(field: JsonField): MarcField[] {
  return Object.entries(field).map(([tag, content]) => {
    if (typeof content === 'string') return { tag, value: content }
    const subfields = content.subfields.flatMap((subfield) =>
      Object.entries(subfield).map(([code, value]) => ({ code, value }))
    )
    return { tag, ind1: content.ind1, ind2: content.ind2, subfields }
  })
}
