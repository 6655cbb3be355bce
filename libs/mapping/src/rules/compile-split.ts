import { MigrationError } from '@marc-migrations/domain'
import type { FieldBuffer } from '../record/record-buffer.ts'
import { RecordFailed } from '../record-failed.ts'
import { isObject, textOf } from './rules-document.ts'

/** Gives the field with every subfield cut to pieces; the field handed in is left as it is. */
export type Split = (field: FieldBuffer) => FieldBuffer

/**
 * @param split the `subFieldSplit` of an item
 * @throws {MigrationError} RULES_INVALID for custom scripts, which are refused
 */
export function compileSplit(split: unknown): Split | null {
  if (split === undefined || split === null) return null
  const type = isObject(split) ? textOf(split['type']) : null
  if (type?.toLowerCase() === 'custom') throw new MigrationError('RULES_INVALID', { reason: 'custom scripts are refused' })
  const length = isObject(split) ? pieceLength(split['value']) : null
  if (type?.toLowerCase() !== 'split_every' || length === null) return failing
  return (field) => splitEvery(field, length)
}

function failing(field: FieldBuffer): FieldBuffer {
  if (field.size > 0) throw new RecordFailed('subFieldSplit is faulty')
  return field
}

function pieceLength(value: unknown): number | null {
  const text = textOf(value)
  if (text === null || !/^[+-]?[0-9]+$/.test(text)) return null
  const length = Number(text)
  return length >= 1 && length <= 2_147_483_647 ? length : null
}

function splitEvery(field: FieldBuffer, length: number): FieldBuffer {
  const codes: number[] = []
  const values: string[] = []
  for (let i = 0; i < field.size; i++) {
    const value = field.values[i] ?? ''
    for (let at = 0; at === 0 || at < value.length; at += length) {
      codes.push(field.codes[i] ?? 0)
      values.push(value.slice(at, at + length))
    }
  }
  return { ...field, size: codes.length, codes, values }
}
