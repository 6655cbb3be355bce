import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
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

/** Serialises the processes of a run: nobody may be in the template while another clones it. */
const LOCK = 'select pg_advisory_lock(hashtextextended($1, 0))'
const READY = 'select shobj_description(oid, $2) as migrations from pg_database where datname = $1'

/** Makes the template unless the server has it, as it is with the migrations of today. */
export async function makeTemplate(server: ConnectionOptions): Promise<void> {
  const client = clientOf(server)
  await client.connect()
  try {
    await client.query(LOCK, [TEMPLATE])
    const { rows } = await client.query<{ migrations: string | null }>(READY, [TEMPLATE, 'pg_database'])
    const migrations = migrationsHash()
    if (rows[0]?.migrations === migrations) return
    const name = pg.escapeIdentifier(TEMPLATE)
    await client.query(`drop database if exists ${name} with (force)`)
    await client.query(`create database ${name}`)
    await migrate({ ...server, database: TEMPLATE })
    await client.query(`comment on database ${name} is ${pg.escapeLiteral(migrations)}`)
  } finally {
    await client.end()
  }
}

async function migrate(at: ConnectionOptions): Promise<void> {
  const options = { ...at, logger: silentLogger, maxPoolSize: 1, subPath: 'test' }
  await migrateControl(options)
  const stores = await openStores(options)
  for (const tenant of TENANTS) await stores.tenants.register(tenant)
  await stores.close()
}

function migrationsHash(): string {
  const hash = createHash('sha256')
  for (const kind of ['control', 'tenant']) {
    const dir = join(import.meta.dirname, '..', '..', 'migrations', kind)
    for (const file of readdirSync(dir).sort()) hash.update(file).update(readFileSync(join(dir, file)))
  }
  return hash.digest('hex')
}
