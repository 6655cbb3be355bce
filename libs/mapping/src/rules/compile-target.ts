import type { LeafValue, NestedIdentifier } from '../entity/draft.ts'
import { RECORD_ITSELF } from '../entity/draft.ts'
import type { EntitySchema, Leaf, Property } from '../entity/schema.ts'
import { isBlank } from '../functions/java-text.ts'
import { RecordFailed } from '../record-failed.ts'
import type { Run } from './run.ts'

/** One write of a text that is not empty. */
export type Write = (run: Run, text: string) => void

export interface Target {
  readonly write: Write
  /** The write may fill an object, so that later writes can go on with it. */
  readonly fillsObject: boolean
}

const INTEGER = /^[+-]?[0-9]+$/
const MAX_INTEGER = 2_147_483_647

/** Null for a target that is invalid: its writes are skipped. */
export function compileTarget(schema: EntitySchema, path: string): Target | null {
  const [name = '', leafName, nestedName, ...rest] = segments(path)
  const property = schema.property(name)
  if (property === undefined || rest.length > 0) return null
  if (leafName === undefined) {
    const write = compilePropertyWrite(property)
    return write === null ? null : { write, fillsObject: false }
  }
  const leaf = property.kind === 'objects' ? property.leaves.find(({ key }) => key === leafName) : undefined
  if (leaf === undefined) return null
  if (nestedName !== undefined) return compileNestedTarget(property, leaf, nestedName)
  if (leaf.kind !== 'text' && leaf.kind !== 'boolean') return null
  return { write: compileLeafWrite(schema, property, leaf), fillsObject: true }
}

/** Splits as Java does: empty pieces at the end are dropped. */
function segments(path: string): string[] {
  const pieces = path.split('.')
  while (pieces.length > 1 && pieces.at(-1) === '') pieces.pop()
  return pieces
}

function compilePropertyWrite({ kind, index }: Property): Write | null {
  switch (kind) {
    case 'text':
      return (run, text) => {
        run.draft.set(index, text)
        run.fresh = false
      }
    case 'integer':
      return (run, text) => {
        run.draft.set(index, integerOf(text))
        run.fresh = false
      }
    case 'boolean':
      return (run, text) => {
        run.draft.set(index, isTrue(text))
        run.fresh = false
      }
    case 'texts':
      return (run, text) => {
        run.draft.append(index, text)
        run.fresh = false
      }
    case 'textSet':
      return (run, text) => {
        run.draft.addToSet(index, text)
        run.fresh = false
      }
    case 'enum':
    case 'objects':
    case 'single':
      return null
  }
}

function compileLeafWrite(schema: EntitySchema, property: Property, leaf: Leaf): Write {
  const valueOf: (text: string) => LeafValue = leaf.kind === 'boolean' ? isTrue : (text) => text
  const stray = leaf.kind === 'text' ? schema.property(leaf.key) : undefined
  const strayIndex = stray?.kind === 'text' ? stray.index : undefined
  return (run, text) => {
    if (run.fresh) run.current = run.draft.addElement(property.index)
    if (run.current.property === property.index) run.current.leaves[leaf.index] = valueOf(text)
    else {
      // The object being filled is of another list: FOLIO then writes to the record's own property of that name.
      if (strayIndex !== undefined) run.draft.set(strayIndex, text)
      run.current = RECORD_ITSELF
    }
    run.fresh = false
  }
}

/** `precedingTitles.identifiers.value`: makes one object in one object; nothing can be added to either afterwards. */
function compileNestedTarget(property: Property, leaf: Leaf, name: string): Target | null {
  if (leaf.kind !== 'identifiers' || (name !== 'value' && name !== 'identifierTypeId')) return null
  const write: Write = (run, text) => {
    if (run.fresh) {
      const identifiers: NestedIdentifier[] = [{ [name]: text }]
      run.draft.addElement(property.index).leaves[leaf.index] = identifiers
    }
    run.current = RECORD_ITSELF
    run.fresh = false
  }
  return { write, fillsObject: true }
}

/** `createSingleObject`: sets a text of a single object, making the object first; whatever the target, no object can follow. */
export function compileSingleObjectWrite(schema: EntitySchema, path: string): Write {
  const [name = '', leafName] = segments(path)
  const property = schema.property(name)
  const leaf = property?.leaves.find(({ key }) => key === leafName)
  return (run, text) => {
    const value = isBlank(text) ? undefined : text
    if (property?.kind === 'text' && leafName === undefined) run.draft.set(property.index, value)
    if (property?.kind === 'single' && leafName !== undefined) {
      const element = run.draft.single(property.index)
      if (leaf?.kind === 'text') element.leaves[leaf.index] = value
    }
    run.fresh = false
  }
}

function isTrue(text: string): boolean {
  return text.toLowerCase() === 'true'
}

function integerOf(text: string): number {
  const value = INTEGER.test(text) ? Number(text) : NaN
  if (!(value <= MAX_INTEGER && value >= -MAX_INTEGER - 1)) throw new RecordFailed(`"${text}" is no integer`)
  return value
}
