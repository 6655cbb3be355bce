import { controlSchema } from '@marc-migrations/domain'
import { control } from '../database/per-schema.ts'
import type { MigrationOptions } from '../store-options.ts'
import { onMigrationClient } from './migration-client.ts'
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
  const clusterId = await onMigrationClient(options, async (client) => {
    const { rows } = await client.query<{ id: string }>(CLUSTER_ID)
    return rows[0]?.id ?? ''
  })
  return { clusterId, applied }
}
