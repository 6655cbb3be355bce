import { controlSchema } from '@marc-migrations/domain'
import pg from 'pg'
import { clientConfig } from '../database/database.ts'
import { control } from '../database/per-schema.ts'
import { asStoreError } from '../database/store-error.ts'
import type { MigrationOptions } from '../store-options.ts'
import { runMigrations } from './run-migrations.ts'

const CLUSTER_ID = `select id from ${control}.cluster`

/**
 * Creates or upgrades the control schema. Every process may call it at its start, any number of them at once on an empty
 * database: one applies the migrations, all get the same cluster id.
 *
 * @throws {MigrationError} STORE_UNAVAILABLE, naming the settings to look at
 */
export async function migrateControl(
  options: MigrationOptions
): Promise<{ readonly clusterId: string; readonly applied: readonly string[] }> {
  const applied = await runMigrations(options, 'control', controlSchema)
  const client = new pg.Client(clientConfig(options))
  client.on('error', (err) => options.logger.warn({ err }, 'migration.connection-lost'))
  try {
    await client.connect()
    const { rows } = await client.query<{ id: string }>(CLUSTER_ID)
    return { clusterId: rows[0]?.id ?? '', applied }
  } catch (error) {
    throw asStoreError(error, options)
  } finally {
    await client.end().catch(() => {})
  }
}
