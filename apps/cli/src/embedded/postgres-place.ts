import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { randomBytes } from 'node:crypto'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { canEnter } from './can-enter.ts'
import type { UserIds } from './unprivileged-user.ts'

const OUTSIDE = '/var/lib/marc-migrations'

/**
 * Makes a fresh directory for one run, that PostgreSQL's user can enter and only we can write to.
 *
 * @param ids undefined = PostgreSQL runs as ourselves
 */
export function temporaryPlace(ids: UserIds | undefined): string {
  const open = [tmpdir(), '/tmp', '/var/tmp'].find((dir) => existsSync(dir) && (ids === undefined || canEnter(dir, ids)))
  const place = mkdtempSync(join(open ?? tmpdir(), 'marc-migrations-'))
  chmodSync(place, ids === undefined ? 0o700 : 0o711)
  return place
}

/**
 * Where the server of a state directory keeps its data from start to start: in `postgres` below it, or, when PostgreSQL's user
 * cannot get there (root's own home), in a directory outside that the state directory names in `postgres-at`.
 */
export function lastingPlace(stateDir: string, ids: UserIds | undefined): string {
  mkdirSync(stateDir, { recursive: true })
  const place = ids === undefined || canEnter(stateDir, ids) ? join(stateDir, 'postgres') : placeOutside(stateDir)
  mkdirSync(place, { recursive: true, mode: ids === undefined ? 0o700 : 0o711 })
  return place
}

/** The name is drawn once, so that a new state directory never meets the data of an old one. */
function placeOutside(stateDir: string): string {
  const pointer = join(stateDir, 'postgres-at')
  if (existsSync(pointer)) return readFileSync(pointer, 'utf8').trim()
  const place = join(OUTSIDE, randomBytes(6).toString('hex'))
  mkdirSync(place, { recursive: true, mode: 0o711 })
  writeFileSync(pointer, `${place}\n`)
  return place
}
