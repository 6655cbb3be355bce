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

export type Slot = string | number | boolean | string[] | Element[] | Element | undefined

/** Stands for the record itself as the object that is being filled. */
export const RECORD_ITSELF: Element = { property: -1, leaves: [] }

/**
 * The entity being made of one record: a slot per property, in written order. Reused from record to record, so that a
 * million records leave nothing behind; only slots that were written to are cleared.
 */
export class Draft {
  readonly schema: EntitySchema
  readonly slots: Slot[]
  /** A bit per slot that was written to, 32 to a word, the lowest first. */
  readonly touched: Int32Array
  /** No text in it needs an escape in JSON, but for the id. */
  plain = false
  readonly #templates: readonly Template[]

  constructor(schema: EntitySchema) {
    this.schema = schema
    this.slots = schema.properties.map(() => undefined)
    this.touched = new Int32Array(Math.ceil(schema.properties.length / 32))
    this.#templates = schema.properties.map(templateOf)
  }

  reset(): void {
    this.slots.fill(undefined)
    this.touched.fill(0)
    this.plain = false
  }

  /** Scalar property; undefined = null, which is left out. */
  set(index: number, value: string | number | boolean | undefined): void {
    this.#write(index, value)
  }

  append(index: number, text: string): void {
    const list = this.slots[index] as string[] | undefined
    if (list === undefined) this.#write(index, [text])
    else list.push(text)
  }

  addToSet(index: number, text: string): void {
    const set = this.slots[index] as string[] | undefined
    if (set === undefined || !set.includes(text)) this.append(index, text)
  }

  addElement(index: number): Element {
    const element = this.#emptyElement(index)
    const list = this.slots[index] as Element[] | undefined
    if (list === undefined) this.#write(index, [element])
    else list.push(element)
    return element
  }

  single(index: number): Element {
    const present = this.slots[index] as Element | undefined
    if (present !== undefined) return present
    const element = this.#emptyElement(index)
    this.#write(index, element)
    return element
  }

  elements(index: number): readonly Element[] {
    return (this.slots[index] as Element[] | undefined) ?? []
  }

  replace(index: number, list: Element[] | string[]): void {
    this.#write(index, list)
  }

  #emptyElement(index: number): Element {
    const template = this.#templates[index]
    const leaves = template?.leaves.slice() ?? []
    if (template?.listLeaf !== undefined) leaves[template.listLeaf] = []
    return { property: index, leaves }
  }

  #write(index: number, value: Slot): void {
    this.slots[index] = value
    const word = index >> 5
    this.touched[word] = (this.touched[word] ?? 0) | (1 << (index & 31))
  }
}

/** What an element holds before anything is written: a list inside it is empty, `staffOnly` of an instance note is false. */
interface Template {
  readonly leaves: readonly LeafValue[]
  readonly listLeaf: number | undefined
}

function templateOf({ leaves }: Property): Template {
  return {
    leaves: leaves.map(({ key }) => (key === 'staffOnly' ? false : undefined)),
    listLeaf: leaves.find(({ kind }) => kind === 'texts' || kind === 'identifiers')?.index
  }
}
