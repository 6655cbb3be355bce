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
 * @returns schemas that are missing; then nothing was done, and it may be tried again when those modules are enabled
 */
export async function createViews({ db }: Pick<StoreContext, 'db'>, tenant: string): Promise<readonly string[]> {
  const wanted = sourceModules.map((module) => moduleSchema(tenant, module))
  const missing = await db.rows<{ wanted: string }>(MISSING_SCHEMAS, [wanted])
  if (missing.length > 0) return missing.map((row) => row.wanted)
  await db.transaction(async (on) => {
    await on.run(ONE_AT_A_TIME)
    for (const statement of viewStatements(tenant)) await on.run(statement)
  })
  return []
}
