import type { FieldBuffer } from '../record/record-buffer.ts'
import { hasSubfield } from '../record/record-buffer.ts'
import type { Target, Write } from './compile-target.ts'
import type { HandleField } from './run.ts'
import { codeOf, isObject, textOf, textsOf } from './rules-document.ts'

/** Hears what rules do with one record. Rules compiled without one pay nothing for it. */
export interface Trace {
  /** The entry of the tag that runs now, from 0. */
  entry(index: number): void
  /** A subfield that an entry takes. */
  took(code: number): void
  wrote(target: string, text: string): void
  dropped(target: string | null, why: string): void
  /** Steps written or dropped so far. */
  readonly count: number
}

const LOST =
  'another property of the field was written before, so there is no object to go on with; the record itself gets the text if it has a property of that name'

/** A write that tells the trace what became of the text. */
export function tracedWrite(write: Write, path: string, trace: Trace): Write {
  return (run, text) => {
    write(run, text)
    trace.wrote(path, text)
  }
}

export function tracedTarget(target: Target, path: string, trace: Trace): Target {
  const write: Write = (run, text) => {
    const began = run.fresh
    target.write(run, text)
    if (target.fillsObject && !began && run.current.property === -1) trace.dropped(path, LOST)
    else trace.wrote(path, text)
  }
  return { ...target, write }
}

/** An item that says why nothing came of it. */
export function tracedHandle(
  handle: HandleField,
  facts: {
    readonly path: string
    readonly selected: readonly number[]
    readonly rules: unknown
    readonly isValid: boolean
  },
  trace: Trace
): HandleField {
  const { path, selected, rules, isValid } = facts
  const borrowed = borrowedCodes(rules)
  return (run, field) => {
    const before = trace.count
    const present = selected.filter((code) => hasSubfield(field, code))
    for (const code of present) trace.took(code)
    if (present.length > 0) for (const code of borrowed) trace.took(code)
    handle(run, field)
    if (trace.count > before) return
    if (!isValid) trace.dropped(path, 'no such property can be a target here')
    else if (present.length === 0 && selected.length > 0)
      trace.dropped(path, `none of its subfields is present: ${codesText(selected)}`)
    else trace.dropped(path, 'its rules left no text')
  }
}

/** Codes whose subfields the functions of an item read beside those it selects. */
function borrowedCodes(rules: unknown): number[] {
  if (Array.isArray(rules)) return rules.flatMap(borrowedCodes)
  if (!isObject(rules)) return []
  const parameter = isObject(rules['parameter']) ? rules['parameter'] : {}
  const { subfieldsToConcat, contributorCodeSubfield, contributorNameSubfield } = parameter
  const names = [...(textsOf(subfieldsToConcat) ?? []), textOf(contributorCodeSubfield), textOf(contributorNameSubfield)]
  const own = names.filter((name) => name !== null && name !== '').map((name) => codeOf(String(name).charAt(0)))
  return [...own, ...borrowedCodes(rules['conditions'])]
}

export function codesText(codes: readonly number[]): string {
  return codes.map((code) => `$${code < 0 ? '?' : String.fromCharCode(code)}`).join(' ')
}

/** Why `requiredSubfield` or `exclusiveSubfield` stopped an entry. */
export function refusal(field: FieldBuffer, required: readonly number[], exclusive: readonly number[]): string {
  const missing = required.filter((code) => !hasSubfield(field, code))
  if (missing.length > 0) return `it needs ${codesText(missing)}`
  return `it does not run beside ${codesText(exclusive.filter((code) => hasSubfield(field, code)))}`
}
