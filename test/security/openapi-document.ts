import * as Schema from 'typebox/schema'

export type Json = Readonly<Record<string, unknown>>

export interface Parameter {
  readonly in: 'path' | 'query' | 'header'
  readonly name: string
  readonly required?: boolean
  readonly schema: Json
}

type Content = Readonly<Record<string, { readonly schema: Json }>>

export interface DocumentedOperation {
  readonly operationId: string
  readonly parameters?: readonly Parameter[]
  readonly requestBody?: { readonly content: Content }
  readonly responses: Readonly<Record<string, { readonly content?: Content }>>
}

/** An OpenAPI 3.1 document, as far as a caller that knows nothing else needs it. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, DocumentedOperation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Json>> }
}

export interface Route {
  readonly method: string
  /** With `{name}` for each path parameter. */
  readonly template: string
  readonly operation: DocumentedOperation
}

export function routesOf(document: ApiDocument): readonly Route[] {
  return Object.entries(document.paths).flatMap(([template, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), template, operation }))
  )
}

/** The schema a reference leads to, or the schema itself. */
export function resolved(schema: Json, document: ApiDocument): Json {
  const reference = schema['$ref']
  if (typeof reference !== 'string') return schema
  const found = document.components.schemas[reference.replace('#/components/schemas/', '')]
  if (found === undefined) throw new Error(`the document has no ${reference}`)
  return found
}

/** What a value has against a schema of the document; empty when it matches. */
export function mismatches(value: unknown, schema: Json, document: ApiDocument): readonly unknown[] {
  const text = JSON.stringify({ ...schema, $defs: document.components.schemas })
  const standalone = JSON.parse(text.replaceAll('#/components/schemas/', '#/$defs/')) as Json
  const [valid, problems] = Schema.Errors(standalone, value)
  return valid ? [] : problems
}
