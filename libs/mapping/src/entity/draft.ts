import type { EntitySchema, Property } from './schema.ts'

/** One `{value, identifierTypeId}` inside a preceding or succeeding title. */
export interface NestedIdentifier {
  readonly value?: string
  readonly identifierTypeId?: string
}

export type LeafValue = string | boolean | readonly string[] | NestedIdentifier[] | undefined

/** One object of a list, or a single object. `leaves` are in written order. */
export interface Element {
  /** Index of the property it belongs to; -1 stands for the record itself. */
  readonly property: number
  readonly leaves: LeafValue[]
}

type Slot = string | number | boolean | string[] | Element[] | Element | undefined

/** Stands for the record itself as the object that is being filled. */
export const RECORD_ITSELF: Element = { property: -1, leaves: [] }

/**
 * The entity being made of one record: a slot per property, in written order. Reused from record to record, so that a
 * million records leave nothing behind; only slots that were written to are cleared.
 */
export class Draft {
  readonly schema: EntitySchema
  readonly slots: Slot[]
  /** Indexes of slots that were written to, each once, in order of the first write. */
  readonly touched: number[] = []
  readonly #emptyElements: readonly (() => LeafValue[])[]

  constructor(schema: EntitySchema) {
    this.schema = schema
    this.slots = schema.properties.map(() => undefined)
    this.#emptyElements = schema.properties.map(emptyLeaves)
  }

  reset(): void {
    for (const index of this.touched) this.slots[index] = undefined
    this.touched.length = 0
  }

  /** Scalar property; undefined = null, which is left out. */
  set(index: number, value: string | number | boolean | undefined): void {
    if (this.slots[index] === undefined) this.#touch(index)
    this.slots[index] = value
  }

  append(index: number, text: string): void {
    const list = this.slots[index] as string[] | undefined
    if (list === undefined) {
      this.#touch(index)
      this.slots[index] = [text]
    } else list.push(text)
  }

  addToSet(index: number, text: string): void {
    const set = this.slots[index] as string[] | undefined
    if (set === undefined || !set.includes(text)) this.append(index, text)
  }

  addElement(index: number): Element {
    const element = this.#emptyElement(index)
    const list = this.slots[index] as Element[] | undefined
    if (list === undefined) {
      this.#touch(index)
      this.slots[index] = [element]
    } else list.push(element)
    return element
  }

  single(index: number): Element {
    const present = this.slots[index] as Element | undefined
    if (present !== undefined) return present
    this.#touch(index)
    const element = this.#emptyElement(index)
    this.slots[index] = element
    return element
  }

  elements(index: number): Element[] {
    return (this.slots[index] as Element[] | undefined) ?? []
  }

  replace(index: number, list: Element[] | string[]): void {
    if (this.slots[index] === undefined) this.#touch(index)
    this.slots[index] = list
  }

  #emptyElement(index: number): Element {
    const make = this.#emptyElements[index]
    return { property: index, leaves: make === undefined ? [] : make() }
  }

  #touch(index: number): void {
    if (!this.touched.includes(index)) this.touched.push(index)
  }
}

/** What an element holds before anything is written: lists inside it are empty, `staffOnly` of an instance note is false. */
function emptyLeaves(property: Property): () => LeafValue[] {
  return () =>
    property.leaves.map((leaf) => {
      if (leaf.kind === 'texts' || leaf.kind === 'identifiers') return []
      return leaf.key === 'staffOnly' ? false : undefined
    })
}
