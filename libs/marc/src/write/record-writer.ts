import { iso2709Bytes, iso2709Unfit } from './iso2709-bytes.ts'
import { fitRecord } from './fit-record.ts'
import type { Unfit } from './fit-record.ts'
import { marcXmlText, marcXmlUnfit } from './marcxml-text.ts'
import { mrkText, mrkUnfit } from './mrk-text.ts'
import { parseCanonical } from './parse-canonical.ts'
import { isControlField, isControlTag } from '../marc-record.ts'
import type { MarcRecord } from '../marc-record.ts'
import type { ProblemCode } from '../problem.ts'

/** Formats that records can be written in. */
export const writeFormats = ['jsonl', 'iso2709', 'marcxml', 'mrk'] as const
export type WriteFormat = (typeof writeFormats)[number]

/**
 * A record as bytes of a file, or why the format cannot hold it: it is then left out and must be named. `changed` names the
 * fields in which a character that the format cannot hold was replaced.
 */
export type Written =
  | { readonly ok: true; readonly bytes: Uint8Array; readonly changed: readonly string[] }
  | { readonly ok: false; readonly code: ProblemCode; readonly detail: string }

/** Writes a file: `begin`, each record, `end`; all UTF-8. */
export interface RecordWriter {
  readonly begin: string
  /** @param marc canonical text, as a reading has it */
  write(marc: string): Written
  readonly end: string
}

const MARCXML_BEGIN = '<?xml version="1.0" encoding="UTF-8"?>\n<collection xmlns="http://www.loc.gov/MARC21/slim">\n'

export function recordWriter(format: WriteFormat): RecordWriter {
  switch (format) {
    case 'jsonl':
      return { begin: '', write: (marc) => ({ ok: true, bytes: Buffer.from(`${marc}\n`), changed: [] }), end: '' }
    case 'iso2709':
      return { begin: '', write: (marc) => writeFitted(marc, iso2709Unfit, iso2709Bytes), end: '' }
    case 'marcxml':
      return {
        begin: MARCXML_BEGIN,
        write: (marc) => writeFitted(marc, marcXmlUnfit, textOf(marcXmlText)),
        end: '</collection>\n'
      }
    case 'mrk':
      return { begin: '', write: (marc) => writeFitted(marc, mrkUnfit, textOf(mrkText)), end: '' }
  }
}

type Result = Uint8Array | { readonly code: ProblemCode; readonly detail: string }

/** Tag and kind of a field cannot be replaced: without them it is no field of these formats. */
function writeFitted(marc: string, unfit: Unfit, write: (record: MarcRecord) => Result): Written {
  const { record, changed } = fitRecord(parseCanonical(marc), unfit)
  const odd = record.fields.find(
    (field) => !/^[\x21-\x7e]{3}$/.test(field.tag) || isControlField(field) !== isControlTag(field.tag)
  )
  if (odd !== undefined) return { ok: false, code: 'WRITE_UNFIT', detail: `field ${JSON.stringify(odd.tag)}` }
  const result = write(record)
  return result instanceof Uint8Array ? { ok: true, bytes: result, changed } : { ok: false, ...result }
}

function textOf(write: (record: MarcRecord) => string): (record: MarcRecord) => Uint8Array {
  return (record) => Buffer.from(write(record), 'utf8')
}
