import type { ConnectionOptions } from '@marc-migrations/store'
import pg from 'pg'

/** Migrated once per run and cloned for each test. */
export const TEMPLATE = 'marc_migrations_template'

/** Tenants that every cloned database has. */
export const TEMPLATE_TENANTS = ['diku', 'college'] as const

/** A connection as the tests' own eyes and hands: not from the store's pool, and without its limits. */
export function clientOf(at: ConnectionOptions): pg.Client {
  const { host, port, database, username, password } = at
  const client = new pg.Client({ host, port, database, user: username, password, application_name: 'test' })
  client.on('error', () => {})
  return client
}
