import type { Draft } from './entity/draft.ts'
import type { EntitySchema } from './entity/schema.ts'
import type { ReferenceEntry, ReferenceLists } from './functions/reference-lists.ts'
import { MappingError } from './record-failed.ts'
import type { RecordBuffer } from './record/record-buffer.ts'
import { textOf } from './rules/rules-document.ts'

/** Sets `sourceFileId` and `naturalId` from 010 and 001; whatever the rules made of them is lost. */
export type SourceFileLink = (record: RecordBuffer, draft: Draft) => void

const CODE_A = 0x61
const NOT_ALPHANUMERIC = /[^A-Za-z0-9]+/g

/** Null when there are no source files: the step does not run then. */
export function compileSourceFileLink(schema: EntitySchema, lists: ReferenceLists): SourceFileLink | null {
  const files = lists.list('authoritySourceFiles')
  const sourceFileId = schema.property('sourceFileId')?.index
  const naturalId = schema.property('naturalId')?.index
  if (files === null || files.length === 0 || sourceFileId === undefined || naturalId === undefined) return null
  const fileOf = compileFileOf(files)
  return (record, draft) => {
    for (let at = 0; at < record.fieldCount; at++) {
      const field = record.fields[at]
      if (field?.tag !== '010') continue
      for (let i = 0; i < field.size; i++) {
        if (field.codes[i] !== CODE_A) continue
        const number = clean(field.values[i] ?? '')
        const file = fileOf(number)
        if (file === undefined) continue
        draft.set(sourceFileId, file)
        draft.set(naturalId, number)
        return
      }
    }
    const number = record.controlNumber === undefined ? undefined : clean(record.controlNumber)
    draft.set(sourceFileId, number === undefined ? undefined : fileOf(number))
    draft.set(naturalId, number)
  }
}

/** Only ASCII letters and digits. */
function clean(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i)
    if (!isLetter(unit) && !(unit >= 0x30 && unit <= 0x39)) return text.replace(NOT_ALPHANUMERIC, '')
  }
  return text
}

function isLetter(unit: number): boolean {
  return (unit >= 0x61 && unit <= 0x7a) || (unit >= 0x41 && unit <= 0x5a)
}

/** The letters a number begins with. */
function prefixOf(number: string): string {
  let end = 0
  while (end < number.length && isLetter(number.charCodeAt(end))) end++
  return number.slice(0, end)
}

/** The id of the file one of whose codes equals the letters a number begins with. */
function compileFileOf(files: readonly ReferenceEntry[]): (number: string) => string | undefined {
  const fault = files.map(faultOf).find((reason) => reason !== null)
  // Of several files with one code the last one wins.
  const byCode = new Map(files.flatMap((file) => codesOf(file).map((code) => [code, textOf(file?.['id']) ?? ''])))
  return (number) => {
    const prefix = prefixOf(number)
    if (prefix === '') return undefined
    // FOLIO meets a faulty file at every look-up, even where an earlier file matches.
    if (fault !== undefined) throw new MappingError(fault)
    return byCode.get(prefix)
  }
}

function codesOf(file: ReferenceEntry): string[] {
  const codes = file?.['codes']
  return Array.isArray(codes) ? codes.map((code) => textOf(code) ?? '') : []
}

function faultOf(file: ReferenceEntry): string | null {
  if (file === null) return 'an authority source file is null'
  const codes = file['codes'] === undefined ? [] : file['codes']
  const name = textOf(file['name']) ?? textOf(file['id']) ?? 'without a name'
  if (!Array.isArray(codes) || codes.includes(null)) return `authority source file ${name} has no codes, or one that is null`
  if (new Set(codes).size < codes.length) return `authority source file ${name} has a code twice`
  if (codes.length > 0 && textOf(file['id']) === null) return `authority source file ${name} has no id`
  return null
}
