import marc4js from 'marc4js'
import type { Marc4jsRecord } from 'marc4js'

const PIECE_BYTES = 64 * 1024

/** Reads a file with marc4js as its documentation does it: written piece by piece, records taken as they come. */
export function readWithPeer(
  file: Uint8Array,
  format: 'iso2709' | 'marcxml',
  use: (record: Marc4jsRecord) => void
): Promise<number> {
  return new Promise((resolve, reject) => {
    const parser = marc4js.parse({ format })
    let records = 0
    parser.on('data', (record: Marc4jsRecord) => {
      records += 1
      use(record)
    })
    parser.on('end', () => resolve(records))
    parser.on('error', reject)
    for (let at = 0; at < file.length; at += PIECE_BYTES) parser.write(Buffer.from(file.subarray(at, at + PIECE_BYTES)))
    parser.end()
  })
}

/** MARC-in-JSON text of a record of marc4js, by the plainest serialiser. */
export function peerJson(record: Marc4jsRecord): string {
  const fields = record.variableFields.map((field) =>
    field.subfields === undefined
      ? { [field.tag]: field.data }
      : {
          [field.tag]: {
            ind1: field.indicator1,
            ind2: field.indicator2,
            subfields: field.subfields.map(({ code, data }) => ({ [code]: data }))
          }
        }
  )
  return JSON.stringify({ leader: record.leader.marshal(), fields })
}
