import { canonicalJson } from './canonical-json.ts'
import { isControlField } from './marc-record.ts'
import type { MarcRecord } from './marc-record.ts'
import type { Problem } from './problem.ts'
import type { RecordReading } from './reading.ts'
import type { Encoding } from './record-text.ts'
import type { RecordCut } from './record-cut.ts'

/** The reading of a record that was built as objects. */
export function readingOf(
  cut: RecordCut,
  record: MarcRecord,
  problems: readonly Problem[],
  encoding: Encoding = 'utf8'
): RecordReading {
  return {
    ok: true,
    index: cut.index,
    offset: cut.offset,
    length: cut.length,
    marc: canonicalJson(record),
    controlNumber: controlValue(record, '001'),
    controlNumberIdentifier: controlValue(record, '003'),
    encoding,
    problems
  }
}

function controlValue(record: MarcRecord, tag: string): string | undefined {
  const field = record.fields.find((candidate) => candidate.tag === tag)
  return field !== undefined && isControlField(field) ? field.value : undefined
}
