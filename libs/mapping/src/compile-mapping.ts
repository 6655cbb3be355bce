import type { SourceRow } from '@marc-migrations/domain'
import { compileRules } from './compile-rules.ts'
import type { MappingOptions } from './compile-rules.ts'
import { entityWriter } from './entity/write-entity.ts'
import type { Explanation } from './explain-record.ts'
import type { FileRecord, RejectedRecord } from './lines/rejected-record.ts'
import { rejectFileRecord, rejectRow } from './lines/rejected-record.ts'
import { MappingError } from './record-failed.ts'

/** A mapped record is its entity line, a rejected one two lines; all without the line feed. */
export type RemappedRecord = { readonly ok: true; readonly line: string } | RejectedRecord

/** A record of a file that could be read. */
export type ReadableFileRecord = FileRecord & Required<Pick<FileRecord, 'id' | 'marc'>>

/** Rules bound to their reference data, ready for any number of records, one after the other. */
export interface CompiledMapping {
  /**
   * The migration layer for a stored record: the entity with id and version of its row and source MARC. Never throws; a
   * record that cannot be mapped is rejected and leaves nothing behind for the next.
   */
  remapRow(row: SourceRow): RemappedRecord
  /** The same for a record of a file: no version, the id given. */
  remapFileRecord(record: ReadableFileRecord): RemappedRecord
  /**
   * The mapper's own result: neither version nor source, an id only where the record fixes one.
   *
   * @param marc MARC-in-JSON text
   * @returns null when the mapper gives nothing
   * @throws {MappingError} where FOLIO's mapper throws
   */
  mapBare(marc: string): unknown
  /**
   * What every rule did with one record, and what was dropped and why. Never throws; some hundred times slower than mapping.
   *
   * @param marc MARC-in-JSON text
   */
  explain(marc: string): Explanation
}

/**
 * Compiles mapping rules and reference data into functions over records. Done once per operation: no rule is interpreted and
 * no reference list searched per record.
 *
 * @param options texts as FOLIO's mapping metadata holds them
 * @throws {MigrationError} RULES_INVALID for texts that are no JSON object, lists that are none, custom scripts (refused) and
 *   patterns that only Java understands
 */
export function compileMapping(options: MappingOptions): CompiledMapping {
  const rules = compileRules(options)
  const write = entityWriter(rules.schema)
  const indexOf = (name: string) => rules.schema.property(name)?.index ?? -1
  const [id, version, source] = [indexOf('id'), indexOf('version'), indexOf('source')]

  function entityLine(marc: string, entityId: string, entityVersion: number | null): string | null {
    const draft = rules.map(marc)
    if (draft === null) return null
    draft.set(id, entityId)
    draft.set(version, entityVersion ?? undefined)
    draft.set(source, 'MARC')
    return write(draft)
  }

  return {
    remapRow: (row) => {
      if (row.marc === null) return rejectRow(row, 'The record has no MARC content')
      try {
        const line = entityLine(row.marc, row.recordId, row.version)
        return line === null ? rejectRow(row, nothingReason(row)) : { ok: true, line }
      } catch (error) {
        return rejectRow(row, reasonOf(error))
      }
    },
    remapFileRecord: (record) => {
      try {
        const line = entityLine(record.marc, record.id, null)
        return line === null ? rejectFileRecord(record, `Could not map record: ${rules.failure()}`) : { ok: true, line }
      } catch (error) {
        return rejectFileRecord(record, reasonOf(error))
      }
    },
    mapBare: (marc) => {
      const draft = rules.map(marc)
      return draft === null ? null : (JSON.parse(write(draft)) as unknown)
    },
    explain: (marc) => rules.explain(marc)
  }
}

/** FOLIO's words, which its users search their logs for. */
function nothingReason({ marcId, recordId }: SourceRow): string {
  return `Could not map record for marcId ${marcId}, recordId ${recordId}. Please check the logs for more details.`
}

function reasonOf(error: unknown): string {
  return error instanceof MappingError
    ? error.message
    : `Mapping failed: ${error instanceof Error ? error.message : String(error)}`
}
