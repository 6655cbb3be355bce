/** How a property holds what is written to it, and how it stands in the entity line. */
type PropertyKind = 'text' | 'integer' | 'boolean' | 'enum' | 'texts' | 'textSet' | 'objects' | 'single'

/** `identifiers` is the list of `{value, identifierTypeId}` inside a preceding or succeeding title; `date` is never written. */
type LeafKind = 'text' | 'boolean' | 'texts' | 'identifiers' | 'date'

export interface Leaf {
  readonly key: string
  readonly kind: LeafKind
  /** Index in the element, in written order. */
  readonly index: number
}

export interface Property {
  /** Key in the entity line. */
  readonly key: string
  /** Name a rule's target uses; differs from the key for `_version` and `@context`. */
  readonly name: string
  readonly kind: PropertyKind
  readonly leaves: readonly Leaf[]
  /** Index in the draft, in written order. */
  readonly index: number
}

/** The properties of an entity in FOLIO's written order. */
export interface EntitySchema {
  readonly properties: readonly Property[]
  property(name: string): Property | undefined
}

/** One line of a schema table: key, kind, leaves as `name` or `name:kind`. */
export type PropertyRow = readonly [key: string, kind: PropertyKind, ...leaves: string[]]

const INTERNAL_NAMES: Readonly<Record<string, string>> = { _version: 'version', '@context': 'context' }

export function entitySchema(rows: readonly PropertyRow[]): EntitySchema {
  const properties = rows.map(([key, kind, ...leaves], index) => ({
    key,
    name: INTERNAL_NAMES[key] ?? key,
    kind,
    leaves: leaves.map(leafOf),
    index
  }))
  const byName = new Map(properties.map((property) => [property.name, property]))
  return { properties, property: (name) => byName.get(name) }
}

function leafOf(text: string, index: number): Leaf {
  const [key = '', kind = 'text'] = text.split(':')
  return { key, kind: kind as LeafKind, index }
}
