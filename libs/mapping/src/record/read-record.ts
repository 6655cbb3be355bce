import { MappingError, RecordFailed } from '../record-failed.ts'
import type { JsonTree } from './json-tree.ts'
import { parseJsonTree } from './json-tree.ts'
import { rebuildLeader } from './leader.ts'
import type { FieldBuffer, RecordBuffer } from './record-buffer.ts'
import { NO_INDICATOR, addSubfield } from './record-buffer.ts'
import { scanRecord } from './scan-record.ts'
import { isSubfieldCode } from './subfield-codes.ts'
import type { TagFilter } from './tag-filter.ts'

const TAG = /^[A-Z0-9]{3}$/

/** The list the reader believes to be in; FOLIO's reader knows no other nesting. */
type List = 'none' | 'fields' | 'subfields'

interface Reading {
  readonly record: RecordBuffer
  list: List
  field: FieldBuffer | undefined
}

/**
 * Reads MARC-in-JSON into the buffer, the common shape by one scan, every other by the careful reader.
 *
 * @param filter fields it does not find may be left out
 * @throws {MappingError} when the text is not a JSON object
 * @throws {RecordFailed} when FOLIO's reader fails on the record
 */
export function readRecord(marc: string, record: RecordBuffer, filter: TagFilter): void {
  if (!scanRecord(marc, record, filter)) readOddRecord(marc, record)
  record.leader = rebuildLeader(record.leader)
}

/**
 * Reads MARC-in-JSON of any shape, odd shapes exactly as FOLIO's reader takes them: it reads a stream of tokens, each under
 * the name of the member it stands in, and hardly checks nesting.
 *
 * @throws as readRecord does
 */
export function readOddRecord(marc: string, record: RecordBuffer): void {
  const tree = parseJsonTree(marc)
  if (tree.kind !== 'object') throw new MappingError('MARC content is not a JSON object')
  record.reset()
  const reading: Reading = { record, list: 'none', field: undefined }
  for (const [name, member] of tree.members) read(reading, name, member)
}

function read(reading: Reading, name: string, tree: JsonTree): void {
  if (tree.kind === 'scalar') readScalar(reading, name, tree.text)
  else if (tree.kind === 'array') readArray(reading, name, tree.items)
  else readObject(reading, name, tree.members)
}

function readObject(reading: Reading, name: string, members: ReadonlyMap<string, JsonTree>): void {
  if (reading.list === 'fields' && TAG.test(name)) reading.field = newField(name)
  for (const [key, member] of members) read(reading, key, member)
  if (reading.list !== 'fields' || !TAG.test(name)) return
  if (reading.field === undefined) throw new RecordFailed(`field ${name} holds another field`)
  addField(reading.record, reading.field)
  reading.field = undefined
}

function readArray(reading: Reading, name: string, items: readonly JsonTree[]): void {
  if (name === 'fields') reading.list = 'fields'
  else if (name === 'subfields') reading.list = 'subfields'
  for (const item of items) read(reading, name, item)
  if (name === 'fields') reading.list = 'none'
  else if (name === 'subfields') reading.list = 'fields'
}

function readScalar(reading: Reading, name: string, raw: string): void {
  if (name === '') throw new RecordFailed('a member has an empty name')
  const text = raw.includes('\u2044') ? raw.replaceAll('\u2044', '/') : raw
  if (name === 'ind1') fieldOf(reading, name).ind1 = indicator(text)
  else if (name === 'ind2') fieldOf(reading, name).ind2 = indicator(text)
  else if (name === 'leader') reading.record.leader = rebuildLeader(text)
  else if (reading.list === 'fields' && TAG.test(name)) reading.record.addControl(name, text)
  else if (reading.list === 'subfields' && name.length === 1 && isSubfieldCode(name.charCodeAt(0))) {
    addSubfield(fieldOf(reading, `subfield ${name}`), name.charCodeAt(0), text)
  }
}

/** A field counts once it has ended; until then it is no part of the record. */
function newField(tag: string): FieldBuffer {
  return { tag, ind1: NO_INDICATOR, ind2: NO_INDICATOR, size: 0, codes: [], values: [] }
}

function addField(record: RecordBuffer, field: FieldBuffer): void {
  record.fields[record.fieldCount++] = field
}

function fieldOf({ field }: Reading, what: string): FieldBuffer {
  if (field === undefined) throw new RecordFailed(`${what} stands outside a field with a valid tag`)
  return field
}

function indicator(text: string): number {
  return text === '' ? 0x20 : text.charCodeAt(0)
}
