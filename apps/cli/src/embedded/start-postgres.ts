import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { MigrationError } from '@marc-migrations/domain'
import { freePort } from './free-port.ts'
import { EMBEDDED_USERNAME, initDatabase } from './init-database.ts'
import { keepProgram, type KeptProgram } from './kept-program.ts'
import { postgresBinaries } from './postgres-binaries.ts'
import { isKept, parentOf, runningPostmaster, stopPostmaster } from './postmaster.ts'
import type { PostgresOptions } from './postgres-options.ts'

const POLL_MS = 20
/** Recovery after a crash may take its time. */
const READY_LIMIT_MS = 120_000
/** Another process may take the port between our look and the server's. */
const PORT_TRIES = 5

export interface EmbeddedPostgres {
  readonly db: {
    readonly host: string
    readonly port: number
    readonly database: string
    readonly username: string
    readonly password: string
  }
  /** Resolves with the end of the server's log when it ends without being asked to. */
  readonly lost: Promise<string>
  /** A fast shutdown; resolves when no process and no lock is left. */
  stop(): Promise<void>
}

/**
 * Starts a PostgreSQL of our own on a free port of the loopback address, with a random password and no socket file, and ends it
 * with this process, however that ends. An orphan over the same data, left by a machine that lost its processes, is ended first.
 *
 * @throws {MigrationError} CONFIG_INVALID when there is no server to start, or another process of ours uses the data
 */
export async function startPostgres(options: PostgresOptions): Promise<EmbeddedPostgres> {
  const dataDir = join(options.place, 'data')
  const { postgres, initdb } = postgresBinaries(options.ids, options.place)
  await endOrphan(dataDir)
  const password = await preparedPassword(initdb, dataDir, options)
  for (let tries = 1; ; tries++) {
    const port = await freePort()
    const server = await launch(postgres, dataDir, port, options)
    if (server !== 'port taken') {
      const db = { host: '127.0.0.1', port, database: 'postgres', username: EMBEDDED_USERNAME, password }
      return { db, ...running(server, dataDir, options.removeAtEnd) }
    }
    if (tries === PORT_TRIES) throw new Error(`PostgreSQL found no free port in ${PORT_TRIES} tries`)
  }
}

/** A server that stops is waited for, one that nobody keeps is ended; one that is kept belongs to another command. */
async function endOrphan(dataDir: string): Promise<void> {
  for (let server = runningPostmaster(dataDir); server !== undefined; server = runningPostmaster(dataDir)) {
    if (!isKept(server.pid)) return stopPostmaster(server.pid)
    if (server.state !== 'stopping') {
      const problem = `is not set, and the PostgreSQL in ${dataDir} is used by another marc-migrations (process ${server.pid}).`
      throw new MigrationError('CONFIG_INVALID', { DB_HOST: problem })
    }
    await sleep(POLL_MS)
  }
}

/** The password file is written last, so that what an interrupted initdb left is not taken for a database. */
async function preparedPassword(initdb: string, dataDir: string, options: PostgresOptions): Promise<string> {
  const file = join(options.place, 'password')
  if (existsSync(file)) return readFileSync(file, 'utf8').trim()
  const password = randomBytes(18).toString('base64url')
  await initDatabase(initdb, dataDir, password, options)
  writeFileSync(file, `${password}\n`, { mode: 0o600 })
  return password
}

async function launch(
  postgres: string,
  dataDir: string,
  port: number,
  { place, ids, removeAtEnd }: PostgresOptions
): Promise<KeptProgram | 'port taken'> {
  const logFile = join(place, 'server.log')
  if (existsSync(logFile)) renameSync(logFile, `${logFile}.1`)
  const server = keepProgram({ command: postgres, args: serverArgs(dataDir, port), ids, logFile, removeAtEnd })
  const deadline = performance.now() + READY_LIMIT_MS
  while (!server.hasEnded() && performance.now() < deadline) {
    if (isReady(dataDir, server.keeperPid)) return server
    await sleep(POLL_MS)
  }
  const log = server.logTail()
  await server.stop()
  if (/could not bind|Address already in use/.test(log)) return 'port taken'
  throw new Error(`PostgreSQL did not start. Its log says:\n${log}`)
}

/** The pid file may still be that of a server killed long ago: only a child of our keeper counts. */
function isReady(dataDir: string, keeperPid: number | undefined): boolean {
  const server = runningPostmaster(dataDir)
  return server?.state === 'ready' && parentOf(server.pid) === keeperPid
}

function serverArgs(dataDir: string, port: number): string[] {
  const settings = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '300',
    timezone: 'UTC',
    log_timezone: 'UTC'
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  return ['-D', dataDir, '-p', String(port), ...flags]
}

function running(
  server: KeptProgram,
  dataDir: string,
  removeAtEnd: string | undefined
): Pick<EmbeddedPostgres, 'lost' | 'stop'> {
  let asked = false
  const lost = new Promise<string>((resolve) => {
    void server.ended.then(() => {
      if (!asked) resolve(server.logTail())
    })
  })
  return {
    lost,
    stop: async () => {
      asked = true
      await server.stop()
      // Only when the keeper itself was killed is there still something to end.
      const orphan = runningPostmaster(dataDir)
      if (orphan !== undefined) await stopPostmaster(orphan.pid)
      if (removeAtEnd !== undefined) rmSync(removeAtEnd, { recursive: true, force: true })
    }
  }
}
