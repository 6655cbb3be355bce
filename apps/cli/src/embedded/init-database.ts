import { chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { keepProgram } from './kept-program.ts'
import type { PostgresOptions } from './postgres-options.ts'

export const EMBEDDED_USERNAME = 'marc_migrations'

/**
 * Creates the data directory of a server; what an interrupted run left is made anew.
 *
 * @throws {Error} with what `initdb` said
 */
export async function initDatabase(
  initdb: string,
  dataDir: string,
  password: string,
  { place, ids, removeAtEnd }: PostgresOptions
): Promise<void> {
  rmSync(dataDir, { recursive: true, force: true })
  mkdirSync(dataDir, { mode: 0o700 })
  const passwordFile = join(place, 'password.new')
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600 })
  if (ids !== undefined) for (const path of [dataDir, passwordFile]) chownSync(path, ids.uid, ids.gid)
  const logFile = join(place, 'initdb.log')
  const run = keepProgram({ command: initdb, args: initdbArgs(dataDir, passwordFile), ids, logFile, removeAtEnd })
  const code = await run.ended
  if (code !== 0) throw new Error(`PostgreSQL could not create ${dataDir}:\n${run.logTail()}`)
  for (const file of [passwordFile, logFile]) rmSync(file, { force: true })
}

function initdbArgs(dataDir: string, passwordFile: string): string[] {
  return [
    `--pgdata=${dataDir}`,
    `--username=${EMBEDDED_USERNAME}`,
    `--pwfile=${passwordFile}`,
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    // The server's own C.UTF-8 needs no locale of the machine, and sorts the same on each.
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-sync'
  ]
}
