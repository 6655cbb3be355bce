import { MigrationError } from './errors.ts'

const TENANT_ID = /^[A-Za-z0-9_]{1,31}$/

/**
 * Accepts a tenant id from a stranger. Nothing that fails here reaches a statement, a key or a schema name.
 *
 * @throws {MigrationError} TENANT_MALFORMED
 */
export function parseTenantId(text: string): string {
  if (!TENANT_ID.test(text)) throw new MigrationError('TENANT_MALFORMED', {})
  return text
}

/** The tenant's schema as FOLIO names it, unquoted. */
export function tenantSchema(tenant: string): string {
  return `${parseTenantId(tenant).toLowerCase()}_mod_marc_migrations`
}

/** Registry of tenants, armed checks, nodes, settings: what no single tenant owns. */
export const controlSchema = 'marc_migrations_control'
