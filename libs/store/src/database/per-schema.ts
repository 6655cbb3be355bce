import { controlSchema, tenantSchema } from '@marc-migrations/domain'

/** An identifier for a statement's text; tenant ids have been parsed long before. */
export function quoteIdentifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

/** The control schema, quoted, as every statement on it is qualified. */
export const control = quoteIdentifier(controlSchema)

/**
 * A statement that is the same for every tenant but for the schema it is qualified with. No search_path is ever set: it
 * would be session state, and a pooler hands sessions to anybody.
 */
export function perSchema(statement: (schema: string) => string): (tenant: string) => string {
  const texts = new Map<string, string>()
  return (tenant) => {
    let text = texts.get(tenant)
    if (text === undefined) {
      text = statement(quoteIdentifier(tenantSchema(tenant)))
      texts.set(tenant, text)
    }
    return text
  }
}
