import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { runner } from 'node-pg-migrate'
import type pg from 'pg'
import type { MigrationOptions } from '../store-options.ts'
import { onMigrationClient } from './migration-client.ts'

type Kind = 'control' | 'tenant'

/** One advisory lock for all our runs of a database: who comes second waits and finds nothing left to do. */
const LOCK = 6_120_843_077_115_001

/**
 * Applies what is missing of `migrations/<kind>` to one schema, on a connection of its own, since lock and search_path are
 * session state.
 *
 * @param createSchema false: a schema that is not there, or not any more, is an error
 * @returns names of the migrations applied by this call
 */
export async function runMigrations(
  options: MigrationOptions,
  kind: Kind,
  schema: string,
  createSchema = true
): Promise<readonly string[]> {
  const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} }
  return await onMigrationClient(options, async (client) => {
    const refusal = refusalOf(client)
    const applied = await runner({
      dbClient: client,
      dir: dirOf(options, kind),
      direction: 'up',
      schema,
      createSchema,
      migrationsTable: 'schema_migration',
      advisoryLockMode: 'wait',
      lockValue: LOCK,
      logger: quiet
    }).catch((error: unknown) => {
      throw refusal() ?? error
    })
    const names = applied.map(({ name }) => name)
    if (names.length > 0) options.logger.info({ schema, migrations: names }, 'schema.migrated')
    return names
  })
}

/**
 * The runner tells some refusals of PostgreSQL in words of its own; whoever decides by SQLSTATE needs what the server said.
 *
 * @returns the first refusal of any statement from now on, which is the one that a run ends for
 */
function refusalOf(client: pg.Client): () => unknown {
  const query = client.query.bind(client) as (...statement: readonly unknown[]) => Promise<unknown>
  let refusal: unknown
  const heard = async (...statement: readonly unknown[]): Promise<unknown> => {
    try {
      return await query(...statement)
    } catch (error) {
      refusal ??= error
      throw error
    }
  }
  Object.assign(client, { query: heard })
  return () => refusal
}

/** Migrations of this kind that this version has; a schema it may work in has as many, or more of a later version. */
export async function countMigrations(options: MigrationOptions, kind: Kind): Promise<number> {
  return (await readdir(dirOf(options, kind))).filter((name) => name.endsWith('.sql')).length
}

function dirOf({ migrationsDir: dir }: MigrationOptions, kind: Kind): string {
  return join(dir ?? migrationsDir(), kind)
}

/** `migrations` beside `libs`, wherever the repository stands. */
function migrationsDir(): string {
  const beside = join(import.meta.dirname, '..', '..', '..', '..', 'migrations')
  if (!existsSync(beside)) throw new Error(`no migrations in ${beside}; name their directory`)
  return beside
}
