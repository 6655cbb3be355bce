import { MigrationError } from '@marc-migrations/domain'
import { textOf } from '../rules/rules-document.ts'
import { foldCase, javaTrim } from './java-text.ts'

/** One entry of a list of reference data; null entries are met by look-ups like entries without the property. */
export type ReferenceEntry = Readonly<Record<string, unknown>> | null

/** Lists that are absent unless given; every other list is empty unless given. */
const ABSENT_BY_DEFAULT = new Set([
  'authorityIdentifierTypes',
  'authorityNoteTypes',
  'authoritySourceFiles',
  'subjectSources',
  'subjectTypes'
])

/** The mapping parameters. Unknown lists are ignored. */
export interface ReferenceLists {
  /** Null = absent. */
  list(name: string): readonly ReferenceEntry[] | null
}

/** @throws {MigrationError} RULES_INVALID when a list that is looked at is no list of objects */
export function referenceLists(params: Readonly<Record<string, unknown>>): ReferenceLists {
  const known = new Map<string, readonly ReferenceEntry[] | null>()
  return {
    list: (name) => {
      const present = known.get(name)
      if (present !== undefined) return present
      const list = listOf(name, params[name])
      known.set(name, list)
      return list
    }
  }
}

function listOf(name: string, list: unknown): readonly ReferenceEntry[] | null {
  if (list === null) return null
  if (list === undefined) return ABSENT_BY_DEFAULT.has(name) ? null : []
  if (!Array.isArray(list) || !list.every((entry) => typeof entry === 'object' && !Array.isArray(entry))) {
    throw new MigrationError('RULES_INVALID', { list: name, reason: 'not a list of objects' })
  }
  return list as readonly ReferenceEntry[]
}

/** What is made of a list once and asked for by many rules. */
export function oncePerList<T>(make: (list: readonly ReferenceEntry[]) => T): (list: readonly ReferenceEntry[]) => T {
  const made = new WeakMap<readonly ReferenceEntry[], T>()
  return (list) => {
    const present = made.get(list)
    if (present !== undefined) return present
    const fresh = make(list)
    made.set(list, fresh)
    return fresh
  }
}

/** A look-up met an entry without the compared property before any match; the function fails. */
export const LOOK_UP_FAILED = Symbol('look-up failed')

interface Found {
  readonly position: number
  readonly id: string | null
}

/** An index over one property of a list. Built once, so no list is searched per record. */
export interface LookUp {
  /** First entry whose property equals the key, by the index's comparison; undefined = none. */
  find(key: string | null): Found | typeof LOOK_UP_FAILED | undefined
}

interface LookUpOptions {
  readonly property: string
  /** White space around the entry's property does not count; around the key it does. */
  readonly trimmed?: boolean
  /** Case counts. */
  readonly exact?: boolean
  /** Entries without the property are passed over instead of failing the look-up. */
  readonly skipLacking?: boolean
  /** What a match gives; its id unless named. */
  readonly result?: string
}

const lookUpsOf = oncePerList(() => new Map<string, LookUp>())

/** The index of a list by these options; made at the first call. */
export function lookUp(list: readonly ReferenceEntry[], options: LookUpOptions): LookUp {
  const known = lookUpsOf(list)
  const key = JSON.stringify(options)
  const present = known.get(key)
  if (present !== undefined) return present
  const fresh = makeLookUp(list, options)
  known.set(key, fresh)
  return fresh
}

function makeLookUp(list: readonly ReferenceEntry[], options: LookUpOptions): LookUp {
  const { property, trimmed = false, exact = false, skipLacking = false, result = 'id' } = options
  const fold = exact ? (text: string) => text : foldCase
  const index = new Map<string, Found>()
  let failsAfterMisses = false
  for (const [position, entry] of list.entries()) {
    const text = textOf(entry?.[property])
    if (text === null) {
      if (skipLacking) continue
      failsAfterMisses = true
      break
    }
    const key = fold(trimmed ? javaTrim(text) : text)
    if (!index.has(key)) index.set(key, { position, id: textOf(entry?.[result]) })
  }
  const missed = failsAfterMisses ? LOOK_UP_FAILED : undefined
  return { find: (key) => (key === null ? missed : (index.get(fold(key)) ?? missed)) }
}
