import { RecordFailed } from '../record-failed.ts'
import { firstValue } from '../record/record-buffer.ts'
import { compileEntries } from './compile-entry.ts'
import type { CompileContext } from './compile-item.ts'
import { compileTag } from './compile-tag.ts'
import type { TagPlan } from './compile-tag.ts'
import type { JsonObject } from './rules-document.ts'
import { isObject, textOf, textsOf } from './rules-document.ts'

const CODE_W = 0x77
const SUBDIVISIONS = ['x', 'y', 'z', 'v']

/** Relation properties with the letter of `$w` that asks for each, in the order they are filled. */
const RELATIONS = [
  ['g', 'saftBroaderTerm'],
  ['h', 'saftNarrowerTerm'],
  ['a', 'saftEarlierHeading'],
  ['b', 'saftLaterHeading']
] as const

/** A heading or tracing without rules fails the record under the extended mapper. */
export function isHeadingTag(tag: string): boolean {
  return /^[145]/.test(tag)
}

export const failingPlan: TagPlan = {
  control: () => undefined,
  data: (run) => {
    throw new RecordFailed(`${run.tag} has no rules`)
  },
  replacedTag: null
}

/**
 * The plan of a heading or tracing under the extended mapper: subdivisions joined by dashes; see-also tracings mapped as
 * relations, as they are, and truncated. Works on copies: the rules themselves stay as they are.
 */
export function compileExtendedTag(tag: string, entries: unknown, context: CompileContext): TagPlan {
  const plain = compileTag(tag, entries, context)
  if (!isHeadingTag(tag) || !Array.isArray(entries) || !entries.every(isObject)) return plain
  const regular = (entries as readonly JsonObject[]).map(withDashes)
  if (!tag.startsWith('5')) return { ...plain, data: compileEntries(regular, context) }

  const truncated = regular.map(truncate)
  const byLetters = new Map<string, TagPlan['data']>()
  const data: TagPlan['data'] = (run) => {
    const control = run.field === null ? '' : (firstValue(run.field, CODE_W) ?? '')
    const letters = RELATIONS.map(([letter]) => letter)
      .filter((letter) => control.includes(letter))
      .join('')
    let compiled = byLetters.get(letters)
    if (compiled === undefined) {
      const related = RELATIONS.filter(([letter]) => letters.includes(letter)).flatMap(([, property]) =>
        truncated.map((entry) => relationEntry(entry, property))
      )
      compiled = compileEntries([...related, ...regular, ...truncated], context)
      byLetters.set(letters, compiled)
    }
    compiled(run)
  }
  return { ...plain, data }
}

function withDashes(entry: JsonObject): JsonObject {
  const codes = textsOf(entry['subfield']) ?? []
  if (!codes.some((code) => SUBDIVISIONS.includes(code))) return entry
  return {
    ...entry,
    subFieldDelimiter: [
      { value: ' ', subfields: codes.filter((code) => !SUBDIVISIONS.includes(code)) },
      { value: '--', subfields: SUBDIVISIONS },
      { value: '--', subfields: [] }
    ]
  }
}

function truncate(entry: JsonObject): JsonObject {
  const codes = textsOf(entry['subfield'])
  return {
    ...entry,
    target: `${textOf(entry['target']) ?? ''}Trunc`,
    ...(codes !== null && { subfield: codes.filter((code) => !/^[i0-9]$/.test(code)) })
  }
}

function relationEntry(truncated: JsonObject, property: string): JsonObject {
  const target = textOf(truncated['target']) ?? ''
  const heading = target.startsWith('saft') ? target.slice(4) : target
  const name = heading.charAt(0).toLowerCase() + heading.slice(1)
  const { requiredSubfield, exclusiveSubfield } = truncated
  const type = {
    target: `${property}.headingType`,
    subfield: truncated['subfield'],
    requiredSubfield,
    exclusiveSubfield,
    applyRulesOnConcatenatedData: true,
    rules: [{ conditions: [{ type: 'set_heading_type_by_name', parameter: { name } }] }]
  }
  return { ...truncated, entity: [{ ...truncated, target: `${property}.headingRef` }, type] }
}
