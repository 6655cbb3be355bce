import pg from 'pg'
import { clientConfig, onClient } from '../database/database.ts'
import type { Transaction } from '../database/database.ts'
import { asStoreError } from '../database/store-error.ts'
import type { MigrationOptions } from '../store-options.ts'

const MIGRATION_MS = 600_000

/**
 * A connection of its own for what may take long and for what needs a session; against a pooler it must reach the server
 * itself.
 */
export async function onMigrationClient<T>(options: MigrationOptions, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ ...clientConfig(options), statement_timeout: MIGRATION_MS, query_timeout: MIGRATION_MS })
  client.on('error', (err) => options.logger.warn({ err }, 'migration.connection-lost'))
  try {
    await client.connect()
    return await work(client)
  } catch (error) {
    throw asStoreError(error, options)
  } finally {
    await client.end().catch(() => {})
  }
}

/** One transaction that may take long; rolled back with its connection when it fails. */
export async function longTransaction<T>(options: MigrationOptions, work: (on: Transaction) => Promise<T>): Promise<T> {
  return await onMigrationClient(options, async (client) => {
    await client.query('begin')
    const result = await work(onClient(client))
    await client.query('commit')
    return result
  })
}
