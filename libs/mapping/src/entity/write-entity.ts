import type { Draft, Element, LeafValue, NestedIdentifier } from './draft.ts'
import { quote } from './quote.ts'
import type { EntitySchema, Property } from './schema.ts'

/** Writes a draft as one compact JSON line in FOLIO's key order: nulls left out, empty lists kept. */
export type EntityWriter = (draft: Draft) => string

/**
 * Compiles the writer of a schema. What most records leave empty stands ready as constant text between any two properties,
 * so a line is a handful of pieces.
 */
export function entityWriter(schema: EntitySchema): EntityWriter {
  const { properties } = schema
  const gap = gapTable(properties)
  const writers = properties.map(propertyWriter)
  const ascending = (a: number, b: number) => a - b
  return (draft) => {
    const touched = draft.touched.sort(ascending)
    let line = ''
    let next = 0
    for (const index of touched) {
      line += gap(next, index)
      const value = draft.slots[index]
      const write = writers[index]
      if (value !== undefined && write !== undefined) line += write(value)
      next = index + 1
    }
    line += gap(next, properties.length)
    return `{${line.slice(1)}}`
  }
}

/** Text of the untouched properties from `from` up to, not including, `to`; each begins with a comma. */
function gapTable(properties: readonly Property[]): (from: number, to: number) => string {
  const known = new Map<number, string>()
  return (from, to) => {
    const key = from * 1000 + to
    const ready = known.get(key)
    if (ready !== undefined) return ready
    const text = properties
      .slice(from, to)
      .map(({ key, kind }) =>
        kind === 'texts' || kind === 'textSet' || kind === 'objects' ? `,${JSON.stringify(key)}:[]` : ''
      )
      .join('')
    known.set(key, text)
    return text
  }
}

type Writable = NonNullable<Draft['slots'][number]>

function propertyWriter(property: Property): (value: Writable) => string {
  const head = `,${JSON.stringify(property.key)}:`
  switch (property.kind) {
    case 'text':
    case 'enum':
      return (value) => head + quote(value as string)
    case 'integer':
    case 'boolean':
      return (value) => head + String(value)
    case 'texts':
    case 'textSet':
      return (value) => `${head}[${quoteAll(value as string[])}]`
    case 'objects': {
      const write = elementWriter(property)
      return (value) => `${head}[${(value as Element[]).map(write).join(',')}]`
    }
    case 'single': {
      const write = elementWriter(property)
      return (value) => head + write(value as Element)
    }
  }
}

function elementWriter(property: Property): (element: Element) => string {
  const heads = property.leaves.map(({ key }) => `,${JSON.stringify(key)}:`)
  return ({ leaves }) => {
    let text = ''
    for (let i = 0; i < heads.length; i++) {
      const value = leaves[i]
      if (value !== undefined) text += `${heads[i] ?? ''}${leafText(value)}`
    }
    return `{${text.slice(1)}}`
  }
}

function leafText(value: NonNullable<LeafValue>): string {
  if (typeof value === 'string') return quote(value)
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  return `[${value.map((item: string | NestedIdentifier) => (typeof item === 'string' ? quote(item) : nestedText(item))).join(',')}]`
}

function nestedText({ value, identifierTypeId }: NestedIdentifier): string {
  const parts = []
  if (value !== undefined) parts.push(`"value":${quote(value)}`)
  if (identifierTypeId !== undefined) parts.push(`"identifierTypeId":${quote(identifierTypeId)}`)
  return `{${parts.join(',')}}`
}

function quoteAll(texts: readonly string[]): string {
  let all = ''
  for (const text of texts) all += all === '' ? quote(text) : `,${quote(text)}`
  return all
}
