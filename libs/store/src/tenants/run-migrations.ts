import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { runner } from 'node-pg-migrate'
import pg from 'pg'
import { clientConfig } from '../database/database.ts'
import { asStoreError } from '../database/store-error.ts'
import type { MigrationOptions } from '../store-options.ts'

/** One advisory lock for all our runs of a database: who comes second waits and finds nothing left to do. */
const LOCK = 6_120_843_077_115_001
const MIGRATION_MS = 600_000

/**
 * Applies what is missing of `migrations/<kind>` to one schema, which is created when it is not there.
 *
 * On a connection of its own, since lock and search_path are session state; against a pooler it must reach the server itself.
 *
 * @returns names of the migrations applied by this call
 */
export async function runMigrations(
  options: MigrationOptions,
  kind: 'control' | 'tenant',
  schema: string
): Promise<readonly string[]> {
  const client = new pg.Client({ ...clientConfig(options), statement_timeout: MIGRATION_MS, query_timeout: MIGRATION_MS })
  client.on('error', (err) => options.logger.warn({ err }, 'migration.connection-lost'))
  const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  try {
    await client.connect()
    const applied = await runner({
      dbClient: client,
      dir: join(options.migrationsDir ?? migrationsDir(), kind),
      direction: 'up',
      schema,
      createSchema: true,
      migrationsTable: 'schema_migration',
      advisoryLockMode: 'wait',
      lockValue: LOCK,
      logger: quiet
    })
    const names = applied.map(({ name }) => name)
    if (names.length > 0) options.logger.info({ schema, migrations: names }, 'schema.migrated')
    return names
  } catch (error) {
    throw asStoreError(error, options)
  } finally {
    await client.end().catch(() => {})
  }
}

/** `migrations` beside `libs`, wherever the repository stands. */
function migrationsDir(): string {
  const beside = join(import.meta.dirname, '..', '..', '..', '..', 'migrations')
  if (!existsSync(beside)) throw new Error(`no migrations in ${beside}; name their directory`)
  return beside
}
