import { isControlField } from './marc-record.ts'
import type { MarcField } from './marc-record.ts'
import type { Report } from './problem.ts'

/** 001 first (of several the last), the other control fields, then data fields, each group as it came: FOLIO's order. */
export function orderFields(fields: readonly MarcField[], report: Report): readonly MarcField[] {
  if (isOrdered(fields)) return fields
  const controlNumbers = fields.filter((field) => field.tag === '001')
  if (controlNumbers.length === 0) report('CONTROL_NUMBER_MISSING', {})
  if (controlNumbers.length > 1) report('CONTROL_NUMBER_REPEATED', { tag: '001' })
  const others = fields.filter((field) => field.tag !== '001')
  return [
    ...controlNumbers.slice(-1),
    ...others.filter((field) => isControlField(field)),
    ...others.filter((field) => !isControlField(field))
  ]
}

function isOrdered(fields: readonly MarcField[]): boolean {
  let at = 1
  while (at < fields.length && isControl(fields[at])) at += 1
  const rest = fields.slice(at)
  return (
    fields[0]?.tag === '001' &&
    isControl(fields[0]) &&
    !rest.some(isControl) &&
    fields.findIndex(({ tag }, at) => at > 0 && tag === '001') < 0
  )
}

function isControl(field: MarcField | undefined): boolean {
  return field !== undefined && isControlField(field)
}
