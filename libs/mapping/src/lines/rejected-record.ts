import type { SourceRow } from '@marc-migrations/domain'
import { quote } from '../entity/quote.ts'

/** A record of a file as far as it is known; an unreadable one has neither id nor MARC. */
export interface FileRecord {
  /** Place in the file, from 0. */
  readonly index: number
  /** Bytes from the start of the file, and of the record. */
  readonly offset: number
  readonly length: number
  readonly id?: string
  /** MARC-in-JSON text. */
  readonly marc?: string
}

/** A line each for the rejected-records file and the reasons file, both without the line feed. */
export interface RejectedRecord {
  readonly ok: false
  readonly rejectedLine: string
  readonly reasonLine: string
}

/** Reason of every record when the rules could not be had; FOLIO's words, after the record's id. */
export const RULES_UNAVAILABLE_REASON = 'Failed to fetch mapping metadata'

/** Rejects a record that was not mapped at all: rules unavailable unless another reason is given. */
export function rejectUnmapped(record: SourceRow | FileRecord, reason: string = RULES_UNAVAILABLE_REASON): RejectedRecord {
  return 'marcId' in record ? rejectRow(record, reason) : rejectFileRecord(record, reason)
}

/** @see contract.md 4.2: `marc` stays in the database driver's wrapper, as FOLIO's readers know it */
export function rejectRow(row: SourceRow, reason: string): RejectedRecord {
  const members = [`"marcId":${quote(row.marcId)}`, `"recordId":${quote(row.recordId)}`]
  if (row.marc !== null) members.push(`"marc":{"null":false,"type":"jsonb","value":${quote(row.marc)}}`)
  members.push(`"state":${quote(row.state)}`)
  if (row.version !== null) members.push(`"version":${row.version}`)
  return { ok: false, rejectedLine: `{${members.join(',')}}`, reasonLine: reasonLine(row.recordId, reason) }
}

export function rejectFileRecord(record: FileRecord, reason: string): RejectedRecord {
  const { index, offset, length, id, marc } = record
  const members = [`"index":${index}`, `"offset":${offset}`, `"length":${length}`]
  if (id !== undefined) members.push(`"recordId":${quote(id)}`)
  if (marc !== undefined) members.push(`"marc":${oneLineJson(marc)}`)
  return { ok: false, rejectedLine: `{${members.join(',')}}`, reasonLine: reasonLine(id ?? '<unknown>', reason) }
}

/** What some reader takes for the end of a line would make two reports of one; other control characters no database or terminal takes. */
function reasonLine(id: string, reason: string): string {
  return `${id},${reason.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/g, ' ')}`
}

/** The record as it came where that is JSON of one line, else as a JSON text. */
function oneLineJson(marc: string): string {
  try {
    const value: unknown = JSON.parse(marc)
    return /[\r\n]/.test(marc) ? JSON.stringify(value) : marc
  } catch {
    return quote(marc)
  }
}
