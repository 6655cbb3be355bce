import type { Draft, Element, LeafValue, NestedIdentifier, Slot } from './draft.ts'
import { quote, quotePlain } from './quote.ts'
import type { EntitySchema, Property } from './schema.ts'

/** Writes a draft as one compact JSON line in FOLIO's key order: nulls left out, empty lists kept. */
export type EntityWriter = (draft: Draft) => string

type Quote = typeof quote
type WriteValue = (value: NonNullable<Slot>, quote: Quote) => string

/**
 * Compiles the writer of a schema. What most records leave empty stands ready as constant text between any two properties,
 * so a line is a handful of pieces.
 */
export function entityWriter(schema: EntitySchema): EntityWriter {
  const { properties } = schema
  const gap = gapTable(properties)
  const writers = properties.map(propertyWriter)
  return (draft) => {
    const { slots, touched } = draft
    const quoteText = draft.plain ? quotePlain : quote
    let line = ''
    let next = 0
    for (let word = 0; word < touched.length; word++) {
      let bits = touched[word] ?? 0
      while (bits !== 0) {
        const bit = 31 - Math.clz32(bits & -bits)
        bits &= bits - 1
        const index = word * 32 + bit
        const value = slots[index]
        line += gap(next, index)
        if (value !== undefined) line += writers[index]?.(value, quoteText) ?? ''
        next = index + 1
      }
    }
    line += gap(next, properties.length)
    return `{${line.slice(1)}}`
  }
}

/** Text of the untouched properties from `from` up to, not including, `to`; each begins with a comma. */
function gapTable(properties: readonly Property[]): (from: number, to: number) => string {
  const starts: number[] = []
  let all = ''
  for (const { key, kind } of properties) {
    starts.push(all.length)
    if (kind === 'texts' || kind === 'textSet' || kind === 'objects') all += `,${JSON.stringify(key)}:[]`
  }
  starts.push(all.length)
  const size = starts.length
  const known: (string | undefined)[] = Array.from({ length: size * size }, () => undefined)
  return (from, to) => (known[from * size + to] ??= all.slice(starts[from], starts[to]))
}

function propertyWriter(property: Property): WriteValue {
  const head = `,${JSON.stringify(property.key)}:`
  switch (property.kind) {
    case 'text':
    case 'enum':
      // The id comes from outside the record, so the record's being plain says nothing about it.
      if (property.key === 'id') return (value) => head + quote(value as string)
      return (value, quoteText) => head + quoteText(value as string)
    case 'integer':
    case 'boolean':
      return (value) => `${head}${value as number | boolean}`
    case 'texts':
    case 'textSet':
      return (value, quoteText) => `${head}[${quoteAll(value as string[], quoteText)}]`
    case 'objects': {
      const write = elementWriter(property)
      return (value, quoteText) => {
        let elements = ''
        for (const element of value as Element[]) elements += (elements === '' ? '' : ',') + write(element, quoteText)
        return `${head}[${elements}]`
      }
    }
    case 'single': {
      const write = elementWriter(property)
      return (value, quoteText) => head + write(value as Element, quoteText)
    }
  }
}

function elementWriter(property: Property): (element: Element, quoteText: Quote) => string {
  const firstHeads = property.leaves.map(({ key }) => `{${JSON.stringify(key)}:`)
  const heads = property.leaves.map(({ key }) => `,${JSON.stringify(key)}:`)
  return ({ leaves }, quoteText) => {
    let text = ''
    for (let i = 0; i < heads.length; i++) {
      const value = leaves[i]
      if (value === undefined) continue
      text += text === '' ? firstHeads[i] : heads[i]
      text += typeof value === 'string' ? quoteText(value) : leafText(value, quoteText)
    }
    return text === '' ? '{}' : `${text}}`
  }
}

function leafText(value: Exclude<LeafValue, string | undefined>, quoteText: Quote): string {
  if (typeof value === 'boolean') return value ? 'true' : 'false'
  const items = value.map((item: string | NestedIdentifier) =>
    typeof item === 'string' ? quoteText(item) : nestedText(item, quoteText)
  )
  return `[${items.join(',')}]`
}

function nestedText({ value, identifierTypeId }: NestedIdentifier, quoteText: Quote): string {
  const members = []
  if (value !== undefined) members.push(`"value":${quoteText(value)}`)
  if (identifierTypeId !== undefined) members.push(`"identifierTypeId":${quoteText(identifierTypeId)}`)
  return `{${members.join(',')}}`
}

function quoteAll(texts: readonly string[], quoteText: Quote): string {
  let all = ''
  for (const text of texts) all += all === '' ? quoteText(text) : `,${quoteText(text)}`
  return all
}
