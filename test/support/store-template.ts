import { migrateControl, openStores } from '@marc-migrations/store'
import type { ConnectionOptions } from '@marc-migrations/store'
import pg from 'pg'
import { silentLogger } from './silent-logger.ts'

/** Migrated once per server and cloned for each test. */
export const TEMPLATE = 'marc_migrations_template'

/** Tenants that every cloned database has. */
const TENANTS = ['diku', 'college']

/** A connection as the tests' own eyes and hands: not from the store's pool, and without its limits. */
export function clientOf(at: ConnectionOptions): pg.Client {
  const { host, port, database, username, password } = at
  const client = new pg.Client({ host, port, database, user: username, password, application_name: 'test' })
  client.on('error', () => {})
  return client
}

/** Any number of processes may do this at once: migrations wait for one another. */
export async function makeTemplate(server: ConnectionOptions): Promise<void> {
  await createTemplate(server)
  const options = { ...server, database: TEMPLATE, logger: silentLogger, maxPoolSize: 1, subPath: 'test' }
  await migrateControl(options)
  const stores = await openStores(options)
  for (const tenant of TENANTS) await stores.tenants.register(tenant)
  await stores.close()
}

async function createTemplate(server: ConnectionOptions): Promise<void> {
  const client = clientOf(server)
  await client.connect()
  try {
    await client.query(`create database ${pg.escapeIdentifier(TEMPLATE)}`)
  } catch (error) {
    const alreadyThere = ['42P04', '23505'].includes((error as { code?: string }).code ?? '')
    if (!alreadyThere) throw error
  } finally {
    await client.end()
  }
}
