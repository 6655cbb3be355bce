import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConnectionOptions } from '@marc-migrations/store'
import pg from 'pg'
import { clientOf, makeTemplate, TEMPLATE } from './store-template.ts'

const START_LIMIT_MS = 120_000
const LOOK_MS = 50
/** A pool that was ended needs a moment until the server has let go of its connections. */
const LET_GO_MS = 5_000

/** A database of one test's own; `close` deletes it. */
export interface TestDatabase extends ConnectionOptions {
  /** A statement on a connection of the test's own. */
  query<R extends pg.QueryResultRow>(sql: string, params?: readonly unknown[]): Promise<R[]>
  /** Another connection, for transactions; ended by `close`. */
  client(): Promise<pg.Client>
  /** @throws when connections other than the test's own are left: somebody did not close what he opened */
  close(): Promise<void>
}

/**
 * A fresh database on the server of this run: `migrated` (control schema, tenants `diku` and `college`) or `empty`.
 *
 * The server is the one named by PGTEST_URL, else an embedded one, which the first suite starts and which ends with the run.
 */
export async function aDatabase(kind: 'migrated' | 'empty' = 'migrated'): Promise<TestDatabase> {
  const server = await theServer()
  const name = `test_${process.pid}_${randomBytes(5).toString('hex')}`
  const from = kind === 'migrated' ? `template ${pg.escapeIdentifier(TEMPLATE)}` : ''
  await onServer(server, `create database ${pg.escapeIdentifier(name)} ${from}`)
  const at = { ...server, database: name }
  const clients: pg.Client[] = []
  const client = async () => {
    const opened = clientOf(at)
    await opened.connect()
    clients.push(opened)
    return opened
  }
  const own = await client()
  return {
    ...at,
    client,
    query: async <R extends pg.QueryResultRow>(sql: string, params: readonly unknown[] = []) =>
      (await own.query<R>(sql, [...params])).rows,
    close: async () => {
      await Promise.all(clients.map((opened) => opened.end()))
      const left = await leftovers(server, name)
      await onServer(server, `drop database if exists ${pg.escapeIdentifier(name)} with (force)`)
      if (left.length > 0) throw new Error(`connections left open: ${left.join('; ')}`)
    }
  }
}

async function leftovers(server: ConnectionOptions, database: string): Promise<string[]> {
  const until = performance.now() + LET_GO_MS
  for (;;) {
    const rows = await onServer(
      server,
      // The server's own workers, autovacuum's among them, are nobody's leftovers.
      `select application_name || ' ' || state || ': ' || left(query, 200) as it from pg_stat_activity
        where datname = $1 and backend_type = 'client backend'`,
      [database]
    )
    if (rows.length === 0 || performance.now() > until) return rows.map(({ it }) => String(it))
    await sleep(LOOK_MS)
  }
}

async function onServer(server: ConnectionOptions, sql: string, params: unknown[] = []): Promise<{ it?: unknown }[]> {
  const client = clientOf(server)
  await client.connect()
  try {
    return (await client.query<{ it?: unknown }>(sql, params)).rows
  } finally {
    await client.end()
  }
}

let found: Promise<ConnectionOptions> | undefined

async function theServer(): Promise<ConnectionOptions> {
  const named = process.env['PGTEST_URL']
  found ??= named === undefined || named === '' ? embeddedServer() : namedServer(named)
  return await found
}

/** Suites run in processes of their own; below one parent they share one server. */
async function embeddedServer(): Promise<ConnectionOptions> {
  const meetingPlace = join(tmpdir(), `marc-migrations-run-${process.ppid}`)
  if (isFirst(meetingPlace)) {
    const program = join(import.meta.dirname, 'store-server.ts')
    const args = ['--import', 'tsx', program, String(process.ppid), meetingPlace]
    // Not this process's child for long: suites come and go, the server stays.
    spawn(process.execPath, args, { cwd: join(import.meta.dirname, '..', '..'), detached: true, stdio: 'ignore' }).unref()
  }
  const file = join(meetingPlace, 'server.json')
  for (let waited = 0; waited < START_LIMIT_MS; waited += LOOK_MS) {
    if (existsSync(file)) {
      const answer = JSON.parse(readFileSync(file, 'utf8')) as ConnectionOptions | { readonly error: string }
      if ('error' in answer) throw new Error(`no PostgreSQL for the tests:\n${answer.error}`)
      return answer
    }
    await sleep(LOOK_MS)
  }
  throw new Error(`no PostgreSQL for the tests within ${START_LIMIT_MS} ms; see ${meetingPlace}`)
}

/** Making a directory is atomic: one of those who try succeeds. */
function isFirst(dir: string): boolean {
  try {
    mkdirSync(dir, { mode: 0o700 })
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
    throw error
  }
}

async function namedServer(url: string): Promise<ConnectionOptions> {
  const { hostname, port, pathname, username, password } = new URL(url)
  const server = {
    host: hostname,
    port: Number(port === '' ? 5432 : port),
    database: pathname === '' || pathname === '/' ? 'postgres' : decodeURIComponent(pathname.slice(1)),
    username: decodeURIComponent(username),
    password: decodeURIComponent(password)
  }
  await makeTemplate(server)
  return server
}
