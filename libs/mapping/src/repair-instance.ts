import type { Draft, Element, NestedIdentifier } from './entity/draft.ts'
import type { EntitySchema, Property } from './entity/schema.ts'
import { MappingError } from './record-failed.ts'

const UUID = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'
const GLUED_IDS = new RegExp(`^${UUID}(?: ${UUID})+$`)

/**
 * Puts right what the rules cannot say about an instance, after they have run, as FOLIO's mapper does.
 *
 * @returns a step that throws MappingError where FOLIO's throws: glued type ids without any value
 */
export function compileInstanceRepairs(schema: EntitySchema): (draft: Draft) => void {
  const source = schema.property('source')?.index ?? -1
  const languages = schema.property('languages')?.index ?? -1
  const unglue = [
    compileUnglue(schema, 'identifiers', 'identifierTypeId', 'value'),
    compileUnglue(schema, 'classifications', 'classificationTypeId', 'classificationNumber')
  ]
  const dropIncomplete = [
    compileDrop(schema, 'electronicAccess', 'uri'),
    compileDrop(schema, 'precedingTitles', 'title'),
    compileDrop(schema, 'succeedingTitles', 'title')
  ]
  const nestIdentifiers = ['precedingTitles', 'succeedingTitles'].map((name) => compileNesting(schema, name))
  return (draft) => {
    draft.set(source, 'MARC')
    for (const step of unglue) step(draft)
    const spoken = draft.slots[languages] as string[] | undefined
    if (spoken !== undefined && spoken.length > 1) draft.replace(languages, [...new Set(spoken)])
    for (const step of dropIncomplete) step(draft)
    for (const step of nestIdentifiers) step(draft)
  }
}

function leafIndex(property: Property | undefined, key: string): number {
  return property?.leaves.find((leaf) => leaf.key === key)?.index ?? -1
}

/** Takes apart the type ids that a rule run per subfield has joined, and gives each the word of the value in its place. */
function compileUnglue(schema: EntitySchema, name: string, idKey: string, valueKey: string): (draft: Draft) => void {
  const property = schema.property(name)
  const list = property?.index ?? -1
  const [id, value] = [leafIndex(property, idKey), leafIndex(property, valueKey)]
  return (draft) => {
    for (const element of draft.elements(list).slice()) {
      const glued = element.leaves[id]
      if (typeof glued !== 'string' || glued.length < 73 || !GLUED_IDS.test(glued)) continue
      const text = element.leaves[value]
      if (typeof text !== 'string') throw new MappingError(`an element of ${name} has several type ids and no value`)
      const ids = glued.split(' ')
      const words = splitAtSpace(text)
      if (words.length < 2) continue
      element.leaves[id] = ids[0]
      element.leaves[value] = words[0]
      // What is split off goes to the end of the list.
      for (let k = 1; k < ids.length && k < words.length; k++) {
        const added: Element = draft.addElement(list)
        added.leaves[id] = ids[k]
        added.leaves[value] = k === ids.length - 1 ? words.slice(k).join(' ') : words[k]
      }
    }
  }
}

/** Splits as Java does: empty pieces at the end are dropped. */
function splitAtSpace(text: string): string[] {
  const words = text.split(' ')
  while (words.length > 0 && words.at(-1) === '') words.pop()
  return words
}

function compileDrop(schema: EntitySchema, name: string, key: string): (draft: Draft) => void {
  const property = schema.property(name)
  const list = property?.index ?? -1
  const leaf = leafIndex(property, key)
  return (draft) => {
    const elements = draft.elements(list)
    if (elements.length > 0)
      draft.replace(
        list,
        elements.filter(({ leaves }) => Boolean(leaves[leaf]))
      )
  }
}

/** Makes an identifier of ISBN and ISSN each; an id without a value vanishes, a value without an id stays. */
function compileNesting(schema: EntitySchema, name: string): (draft: Draft) => void {
  const property = schema.property(name)
  const list = property?.index ?? -1
  const identifiers = leafIndex(property, 'identifiers')
  const pairs = ['isbn', 'issn'].map(
    (kind) => [leafIndex(property, `${kind}Id`), leafIndex(property, `${kind}Value`)] as const
  )
  return (draft) => {
    for (const { leaves } of draft.elements(list)) {
      for (const [idLeaf, valueLeaf] of pairs) {
        const [id, value] = [leaves[idLeaf], leaves[valueLeaf]]
        if (typeof id !== 'string' || id === '') continue
        leaves[idLeaf] = undefined
        if (typeof value !== 'string' || value === '') continue
        leaves[valueLeaf] = undefined
        ;(leaves[identifiers] as NestedIdentifier[]).push({ value, identifierTypeId: id })
      }
    }
  }
}
