import type { ChunkRecords, RemapOutcome, RemapTask } from '@marc-migrations/domain'
import { fileRecordId, rejectUnmapped, RULES_UNAVAILABLE_REASON } from '@marc-migrations/mapping'
import type { CompiledMapping, RemappedRecord } from '@marc-migrations/mapping'
import { Iso2709Cutter, JsonLineCutter, readIso2709, readJsonLines, readSourceLines } from '@marc-migrations/marc'
import type { Reading, RecordCut, RecordReading } from '@marc-migrations/marc'

type FileRecords = Extract<ChunkRecords, { kind: 'file' }>

/**
 * Maps the records of one chunk; pure, so it runs in a thread and in a test alike.
 *
 * Each record is exactly one line of the entities, or one line each of the rejected records and the reasons: what is read is
 * what is counted. A record never stops its neighbours.
 *
 * @param mapping null when the rules could not be had: every record is rejected
 */
export function remapRecords(task: Omit<RemapTask, 'rules'>, mapping: CompiledMapping | null): RemapOutcome {
  const refusal = task.giveUpReason ?? (mapping === null ? RULES_UNAVAILABLE_REASON : undefined)
  const entities = new LineFile()
  const rejected = new LineFile()
  const reasons = new LineFile()
  for (const record of remapEach(task, mapping, refusal)) {
    if (record.ok) {
      entities.add(record.line)
      continue
    }
    rejected.add(record.rejectedLine)
    reasons.add(record.reasonLine)
  }
  return {
    entities: entities.bytes(),
    mapped: entities.count,
    rejected: rejected.bytes(),
    reasons: reasons.bytes(),
    rejectedCount: rejected.count
  }
}

function* remapEach(
  task: Omit<RemapTask, 'rules'>,
  mapping: CompiledMapping | null,
  refusal: string | undefined
): Iterable<RemappedRecord> {
  const { records } = task
  if (records.kind === 'rows') {
    for (const row of records.rows) yield mapping === null || refusal ? rejectUnmapped(row, refusal) : mapping.remapRow(row)
    return
  }
  if (task.giveUpReason !== undefined && records.format !== 'readings') {
    // One of these records may have ended every attempt while it was read: they are cut, and none is read again.
    for (const cut of cutFile(records)) yield rejectUnmapped(cut, task.giveUpReason)
    return
  }
  for (const reading of readFile(records)) yield remapReading(task, records, reading, mapping, refusal)
}

function cutFile({ format, bytes, firstOffset: offset, firstRecordIndex: index }: FileRecords): readonly RecordCut[] {
  const cutter = format === 'jsonl' ? new JsonLineCutter({ offset, index }) : new Iso2709Cutter({ offset, index })
  return [...cutter.push(bytes), ...cutter.end()]
}

function readFile(records: FileRecords): Iterable<Reading> {
  const place = { firstIndex: records.firstRecordIndex, firstOffset: records.firstOffset }
  switch (records.format) {
    case 'iso2709':
      return readIso2709(records.bytes, place)
    case 'jsonl':
      return readJsonLines(records.bytes, place)
    case 'readings':
      return readSourceLines(records.bytes)
  }
}

function remapReading(
  task: Omit<RemapTask, 'rules'>,
  records: FileRecords,
  reading: Reading,
  mapping: CompiledMapping | null,
  refusal: string | undefined
): RemappedRecord {
  const { index, offset, length } = reading
  if (!reading.ok) return rejectUnmapped({ index, offset, length }, refusal ?? reading.problem.message)
  const id = fileRecordId({
    tenant: task.tenant,
    entityType: task.entityType,
    sourceName: records.sourceName,
    controlNumber: reading.controlNumber,
    controlNumberIdentifier: reading.controlNumberIdentifier,
    bytes: bytesOf(records, reading)
  })
  const record = { index, offset, length, id, marc: reading.marc }
  return mapping === null || refusal ? rejectUnmapped(record, refusal) : mapping.remapFileRecord(record)
}

/** The record as it stands in the file, or its text where the file cannot be read by range. */
function bytesOf({ format, bytes, firstOffset }: FileRecords, { offset, length, marc }: RecordReading): Uint8Array {
  if (format === 'readings') return Buffer.from(marc)
  return bytes.subarray(offset - firstOffset, offset - firstOffset + length)
}

/** Lines as they will stand in a file: UTF-8, a line feed after every one. */
class LineFile {
  #lines: string[] = []

  get count(): number {
    return this.#lines.length
  }

  add(line: string): void {
    this.#lines.push(line)
  }

  bytes(): Uint8Array {
    return this.#lines.length === 0 ? new Uint8Array() : Buffer.from(`${this.#lines.join('\n')}\n`, 'utf8')
  }
}
