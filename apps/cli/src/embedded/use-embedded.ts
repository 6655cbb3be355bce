import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { CommandFailure } from '../command-failure.ts'
import { exitCodes } from '../exit-codes.ts'
import { EMBEDDED_USERNAME } from './init-database.ts'
import { lastingPlace } from './postgres-place.ts'
import { isKept, runningPostmaster } from './postmaster.ts'
import { startPostgres, type EmbeddedPostgres } from './start-postgres.ts'
import { unprivilegedUser } from './unprivileged-user.ts'

/**
 * The database of a state directory, for a command beside `serve --embedded` or after it: the server that runs over it, else one
 * started for the command.
 *
 * @param stateDir absolute
 * @throws {CommandFailure} usage, when nothing was ever served from there
 */
export async function useEmbedded(stateDir: string): Promise<Pick<EmbeddedPostgres, 'db' | 'stop'>> {
  const ids = unprivilegedUser()
  const known = existsSync(stateDir) ? lastingPlace(stateDir, ids) : undefined
  if (known === undefined || !existsSync(join(known, 'password'))) {
    throw new CommandFailure(
      exitCodes.usage,
      `${stateDir} holds no database. Name the one of serve --embedded by --data-dir.`
    )
  }
  const server = runningPostmaster(join(known, 'data'))
  if (server === undefined || !isKept(server.pid)) return startPostgres({ place: known, ids, removeAtEnd: undefined })
  const password = readFileSync(join(known, 'password'), 'utf8').trim()
  const db = { host: '127.0.0.1', port: server.port, database: 'postgres', username: EMBEDDED_USERNAME, password }
  return { db, stop: () => Promise.resolve() }
}
