import marc4js from 'marc4js'
import type { Marc4jsField, Marc4jsRecord } from 'marc4js'

import { canonicalJson } from './canonical-json.ts'
import { isControlTag } from './marc-record.ts'
import type { MarcField } from './marc-record.ts'

/**
 * Reads well-formed records with marc4js, to canonical text: a second opinion by a program that shares no line with ours. Only for
 * records about which our reader has nothing to say; on others marc4js repeats, drops and reorders (docs/adr/0008).
 *
 * leader/09 becomes `a`, as ours does: it tells of the bytes, not of the record.
 *
 * @param bytes whole records, in one piece, for it loses its place in records that are spread over several
 * @returns undefined in the place of a record that it could not read
 */
export async function readWithMarc4js(
  bytes: Uint8Array,
  format: 'iso2709' | 'marcxml' = 'iso2709'
): Promise<(string | undefined)[]> {
  const parser = marc4js.parse({ format })
  const texts: (string | undefined)[] = []
  const ended = new Promise<void>((resolve) => {
    parser.on('data', (record: Marc4jsRecord) => texts.push(canonicalOf(record)))
    parser.on('end', resolve)
    parser.on('error', () => texts.push(undefined))
  })
  parser.end(Buffer.from(bytes))
  await ended
  return texts
}

function canonicalOf(record: Marc4jsRecord): string {
  const leader = record.leader.marshal()
  const fields = record.variableFields.map(fieldOf)
  return canonicalJson({ leader: `00000${leader.slice(5, 9)}a${leader.slice(10, 12)}00000${leader.slice(17)}`, fields })
}

function fieldOf(field: Marc4jsField): MarcField {
  const { tag, data, indicator1 = '', indicator2 = '', subfields = [] } = field
  if (isControlTag(tag)) return { tag, value: data ?? '' }
  return { tag, ind1: indicator1, ind2: indicator2, subfields: subfields.map(({ code, data: value }) => ({ code, value })) }
}
