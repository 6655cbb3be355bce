import { resolve, join } from 'node:path'
import { readConfig } from '@marc-migrations/runtime'
import { lastingPlace } from '../embedded/postgres-place.ts'
import { startPostgres } from '../embedded/start-postgres.ts'
import { unprivilegedUser } from '../embedded/unprivileged-user.ts'
import { embeddedEnvironment } from './embedded-environment.ts'
import { runNode } from './run-node.ts'

/**
 * API, page and worker in this process, over a PostgreSQL of its own; what it knows stands in the state directory.
 *
 * @throws {MigrationError} CONFIG_INVALID also when another process serves the same directory
 */
export async function serveEmbedded(dataDir: string): Promise<never> {
  const stateDir = resolve(dataDir)
  const objectsDir = join(stateDir, 'objects')
  const someDb = { host: '127.0.0.1', port: 1, database: 'x', username: 'x', password: 'x' }
  // Faults of the settings come before the seconds PostgreSQL takes.
  readConfig(embeddedEnvironment(process.env, someDb, objectsDir))
  const ids = unprivilegedUser()
  const postgres = await startPostgres({ place: lastingPlace(stateDir, ids), ids, removeAtEnd: undefined })
  try {
    const config = readConfig(embeddedEnvironment(process.env, postgres.db, objectsDir))
    void postgres.lost.then((log) => {
      process.stderr.write(`PostgreSQL has ended. Its log says:\n${log}\n`)
      process.kill(process.pid, 'SIGTERM')
    })
    return await runNode('serve', config, {
      tenants: config.defaultTenant === undefined ? [] : [config.defaultTenant],
      beneath: { close: () => postgres.stop() },
      onReady: (port) => process.stderr.write(`marc-migrations is at http://127.0.0.1:${port}/ (data in ${stateDir})\n`)
    })
  } catch (error) {
    await postgres.stop()
    throw error
  }
}
