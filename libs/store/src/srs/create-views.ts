import { MigrationError, tenantSchema } from '@marc-migrations/domain'
import type { StoreContext } from '../store-context.ts'
import { moduleSchema, sourceModules, viewStatements } from './source-views.ts'

/** Modules that are not enabled for the tenant have no schema. */
const MISSING_SCHEMAS = `
  select wanted from unnest($1::text[]) wanted where not exists (select 1 from pg_namespace where nspname = wanted)`

/** One tenant's views are made by one connection at a time: `create or replace` twice at once fails. */
const ONE_AT_A_TIME = `select pg_advisory_xact_lock(hashtextextended('marc_migrations.views', 0))`

/**
 * Creates or renews the views over FOLIO's storage modules, in one transaction.
 *
 * @throws {MigrationError} TENANT_UNKNOWN when the tenant was purged
 * @returns schemas that are missing; then nothing was done, and it may be tried again when those modules are enabled
 */
export async function createViews({ db }: Pick<StoreContext, 'db'>, tenant: string): Promise<readonly string[]> {
  const own = tenantSchema(tenant)
  const wanted = sourceModules.map((module) => moduleSchema(tenant, module))
  const rows = await db.rows<{ wanted: string }>(MISSING_SCHEMAS, [[own, ...wanted]])
  const missing = rows.map((row) => row.wanted)
  if (missing.includes(own)) throw new MigrationError('TENANT_UNKNOWN', { schema: 'gone' })
  if (missing.length > 0) return missing
  await db.transaction(async (on) => {
    await on.run(ONE_AT_A_TIME)
    for (const statement of viewStatements(tenant)) await on.run(statement)
  })
  return []
}
