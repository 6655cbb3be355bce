import type { Environment } from '@marc-migrations/runtime'
import type { EmbeddedPostgres } from '../embedded/start-postgres.ts'

export const LAPTOP_TENANT = 'demo'

/** Names that would lead a process on a laptop to servers that are not its own. */
const FOREIGN = /^(DB|S3|KAFKA)_|^(SERVER_PORT|OBJECTS_DIR)$/

/**
 * The environment of a process over an embedded PostgreSQL and a directory of objects: chunk sizes, log level and the like from
 * the user's, the servers ours; a tenant, imports and our own rules unless the user says otherwise.
 */
export function embeddedEnvironment(user: Environment, db: EmbeddedPostgres['db'], objectsDir: string): Environment {
  const kept = Object.fromEntries(Object.entries(user).filter(([name]) => !FOREIGN.test(name)))
  return {
    HOST: '127.0.0.1',
    RULES_SOURCE: 'default',
    DEFAULT_TENANT: LAPTOP_TENANT,
    IMPORT_ENABLED: 'true',
    ...kept,
    DB_HOST: db.host,
    DB_PORT: String(db.port),
    DB_DATABASE: db.database,
    DB_USERNAME: db.username,
    DB_PASSWORD: db.password,
    OBJECTS_DIR: objectsDir
  }
}
