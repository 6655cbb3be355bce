import { spawn, spawnSync, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterEach, describe, expect, test } from 'vitest'
import { canEnter } from '../../apps/cli/src/embedded/can-enter.ts'
import { temporaryPlace } from '../../apps/cli/src/embedded/postgres-place.ts'
import { installedServer, postgresBinaries } from '../../apps/cli/src/embedded/postgres-binaries.ts'
import { isAlive, parentOf, readPostmaster } from '../../apps/cli/src/embedded/postmaster.ts'
import { startPostgres, type EmbeddedPostgres } from '../../apps/cli/src/embedded/start-postgres.ts'
import { unprivilegedUser } from '../../apps/cli/src/embedded/unprivileged-user.ts'

const ids = unprivilegedUser()
const tsx = createRequire(import.meta.url).resolve('tsx')
const cleanup: (() => unknown)[] = []
afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) await undo()
})

function aPlace(): string {
  const place = temporaryPlace(ids)
  cleanup.push(() => rmSync(place, { recursive: true, force: true }))
  return place
}

async function aServer(place: string, removeAtEnd?: string): Promise<EmbeddedPostgres> {
  const server = await startPostgres({ place, ids, removeAtEnd })
  cleanup.push(() => server.stop())
  return server
}

/** Another process with a server of its own. */
async function aKeeperProcess(
  place?: string,
  as: { uid?: number; gid?: number } = {}
): Promise<{ child: ChildProcess; place: string; pid: number }> {
  const script = join(import.meta.dirname, 'keep-a-server.ts')
  const args = ['--import', tsx, script, ...(place === undefined ? [] : [place])]
  const child = spawn(process.execPath, args, {
    ...as,
    env: { ...process.env, HOME: tmpdir() },
    stdio: ['ignore', 'pipe', 'inherit']
  })
  cleanup.push(() => child.kill('SIGKILL'))
  const [line] = (await once(child.stdout, 'data')) as [Buffer]
  const said = JSON.parse(line.toString()) as { place: string }
  return { child, place: said.place, pid: serverPid(said.place) }
}

const serverPid = (place: string): number => readPostmaster(join(place, 'data'))?.pid ?? 0

async function query<T extends pg.QueryResultRow>(server: EmbeddedPostgres, sql: string): Promise<T[]> {
  const client = new pg.Client({ ...server.db, user: server.db.username })
  await client.connect()
  try {
    return (await client.query<T>(sql)).rows
  } finally {
    await client.end()
  }
}

describe('embedded PostgreSQL', () => {
  test('answers on loopback alone, to its password alone, and leaves neither process nor file', async () => {
    const place = aPlace()
    const server = await aServer(place, place)
    const pid = serverPid(place)

    const [settings] = await query<{ listen: string; sockets: string; encoding: string; zone: string }>(
      server,
      `select current_setting('listen_addresses') listen, current_setting('unix_socket_directories') sockets,
              current_setting('server_encoding') encoding, current_setting('timezone') zone`
    )
    expect(settings).toEqual({ listen: '127.0.0.1', sockets: '', encoding: 'UTF8', zone: 'UTC' })
    const stranger = new pg.Client({ ...server.db, user: server.db.username, password: 'wrong' })
    await expect(stranger.connect()).rejects.toThrow(/password authentication failed/)

    await server.stop()
    expect(isAlive(pid)).toBe(false)
    expect(existsSync(place)).toBe(false)
  })

  test('runs under an account that is not root', async () => {
    const place = aPlace()
    await aServer(place)
    expect(statSync(join(place, 'data')).uid).not.toBe(0)
    expect(process.getuid?.() === 0 ? statSync(join(place, 'data')).uid : ids?.uid).toBe(ids?.uid)
  })

  test('ends, and takes its directory with it, when the process it belongs to is killed', async () => {
    const { child, place, pid } = await aKeeperProcess()
    expect(isAlive(pid)).toBe(true)
    child.kill('SIGKILL')
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false)
    await expect.poll(() => existsSync(place), { timeout: 10_000 }).toBe(false)
  })

  test('is there for an ordinary user as well', async (context) => {
    if (ids !== undefined && !canEnter(import.meta.dirname, ids)) return context.skip('the clone is closed to other users')
    const { child, place, pid } = await aKeeperProcess(undefined, ids)
    const owner = statSync(join(place, 'data')).uid
    expect(owner).toBe(ids?.uid ?? process.getuid?.())
    expect(statSync(place).uid).toBe(owner)
    child.kill('SIGTERM')
    await expect.poll(() => isAlive(pid), { timeout: 10_000 }).toBe(false)
    await expect.poll(() => existsSync(place), { timeout: 10_000 }).toBe(false)
  })

  test('is stopped all the same when its keeper was killed', async () => {
    const place = aPlace()
    const server = await aServer(place)
    const pid = serverPid(place)
    process.kill(parentOf(pid) ?? 0, 'SIGKILL')
    await expect(server.lost).resolves.toContain('ready to accept connections')
    await server.stop()
    expect(isAlive(pid)).toBe(false)
  })

  test('keeps its data from start to start, and an orphan over it is ended first', async () => {
    const place = aPlace()
    const first = await aKeeperProcess(place)
    const keeper = parentOf(first.pid) ?? 0
    process.kill(keeper, 'SIGKILL')
    first.child.kill('SIGKILL')
    await expect.poll(() => isAlive(keeper)).toBe(false)
    expect(isAlive(first.pid)).toBe(true)

    const second = await aServer(place)
    expect(isAlive(first.pid)).toBe(false)
    await query(second, 'create table kept (id int)')
    await second.stop()
    const third = await aServer(place)
    expect(await query(third, 'select * from kept')).toEqual([])
  })

  test('data that another command uses is refused, by name', async () => {
    const place = aPlace()
    const other = await aKeeperProcess(place)
    await expect(startPostgres({ place, ids, removeAtEnd: undefined })).rejects.toThrow(/used by another marc-migrations/)
    expect(isAlive(other.pid)).toBe(true)
    other.child.kill('SIGTERM')
    await expect.poll(() => isAlive(other.pid), { timeout: 10_000 }).toBe(false)
  })

  test('starts over the pid file of a server that was killed, also when its number was given to another program', async () => {
    const place = aPlace()
    await (await aServer(place)).stop()
    const stale = `${process.pid}\n${join(place, 'data')}\n1\n1\n\n127.0.0.1\n  1 1\nready   \n`
    writeFileSync(join(place, 'data', 'postmaster.pid'), stale)
    const server = await aServer(place)
    expect(await query(server, 'select 1 as one')).toEqual([{ one: 1 }])
  })

  test('an interrupted initdb is begun anew', async () => {
    const place = aPlace()
    await (await aServer(place)).stop()
    rmSync(join(place, 'password'))
    rmSync(join(place, 'data', 'global'), { recursive: true })
    expect(await query(await aServer(place), 'select 1 as one')).toEqual([{ one: 1 }])
  })
})

describe('its program files', () => {
  /** As npm leaves them with --ignore-scripts and a strict umask: no links, below a directory that only its owner can enter. */
  function aClosedInstallation(): string {
    const home = mkdtempSync(join(tmpdir(), 'closed-home-'))
    cleanup.push(() => rmSync(home, { recursive: true, force: true }))
    const list = join(installedServer(), 'pg-symlinks.json')
    const links = (JSON.parse(readFileSync(list, 'utf8')) as { target: string }[]).map(({ target }) => target)
    const filter = (source: string) => !links.some((link) => source.endsWith(link.replace('native', '')))
    cpSync(installedServer(), join(home, 'native'), { recursive: true, filter, verbatimSymlinks: true })
    spawnSync('chmod', ['-R', 'go-rwx', home])
    return join(home, 'native')
  }

  test('are linked by us where the install script did not run, and copied where their user cannot enter', () => {
    const installed = aClosedInstallation()
    const copyTo = aPlace()
    const { postgres } = postgresBinaries(ids, copyTo, installed)
    expect(postgres.startsWith(process.getuid?.() === 0 ? copyTo : installed)).toBe(true)
    const version = spawnSync(postgres, ['--version'], { ...ids, cwd: '/', encoding: 'utf8' })
    expect(version.stdout).toMatch(/^postgres \(PostgreSQL\) 17/)
    expect(readdirSync(copyTo).filter((name) => name.startsWith('server.'))).toEqual([])
    // A second start finds the copy.
    expect(postgresBinaries(ids, copyTo, installed).postgres).toBe(postgres)
  })

  test('that do not run are an error that says why', () => {
    const installed = aClosedInstallation()
    writeFileSync(join(installed, 'bin', 'postgres'), 'no program')
    expect(() => postgresBinaries(ids, aPlace(), installed)).toThrow(/does not start/)
  })
})

describe('the account it runs under', () => {
  const passwd = (lines: string): string => {
    const file = join(aPlace(), 'passwd')
    writeFileSync(file, lines)
    return file
  }

  test('is our own for an ordinary user', () => {
    expect(unprivilegedUser('/nowhere', 1000)).toBeUndefined()
  })

  test.each([
    [
      'nobody, needing no postgres',
      'root:x:0:0::/root:/bin/sh\ndaemon:x:1:1::/:/x\nnobody:x:65534:65533::/:/x\n',
      65534,
      65533
    ],
    ['daemon without nobody', 'root:x:0:0::/root:/bin/sh\nbin:x:2:2::/:/x\ndaemon:x:1:7::/:/x\n', 1, 7],
    ['any at all', 'root:x:0:0::/root:/bin/sh\nalice:x:1000:1001::/:/x\n', 1000, 1001]
  ])('for root is %s', (_what, lines, uid, gid) => {
    expect(unprivilegedUser(passwd(lines), 0)).toEqual({ uid, gid })
  })

  test('where there is none but root says so', () => {
    expect(() => unprivilegedUser(passwd('root:x:0:0::/root:/bin/sh\n'), 0)).toThrow(/no other account/)
  })
})

test('a directory is open when every one that leads to it is', () => {
  const place = aPlace()
  const closed = mkdtempSync(join(place, 'closed-'))
  expect(canEnter(closed, { uid: 4242, gid: 4242 })).toBe(false)
  expect(canEnter(join(closed, 'below'), { uid: 4242, gid: 4242 })).toBe(false)
  expect(canEnter(closed, { uid: statSync(closed).uid, gid: 4242 })).toBe(
    canEnter(place, { uid: statSync(closed).uid, gid: 4242 })
  )
  expect(canEnter('/', { uid: 4242, gid: 4242 })).toBe(true)
})
