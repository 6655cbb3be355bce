import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from 'vitest'
import { freePort } from '../support/free-port.ts'
import { aDatabase } from '../support/postgres.ts'
import { databaseEnv, endAll, startProcess } from '../system/processes.ts'

const closers: (() => Promise<unknown>)[] = []
afterEach(async () => {
  await endAll()
  for (const close of closers.splice(0)) await close()
})

describe.skipIf(process.platform !== 'linux').for(['coordinator', 'worker', 'serve'] as const)('a %s', (verb) => {
  test('listens on PORT for all, on ADMIN_PORT for its own host, and nowhere else', async () => {
    const [port, adminPort] = [await freePort(), await freePort()]
    const pid = await started(verb, port, { ADMIN_PORT: String(adminPort) })
    expect(listening(pid)).toEqual([`0.0.0.0:${port}`, `127.0.0.1:${adminPort}`].sort())
    for (const path of ['/admin/metrics', '/admin/loggers', '/admin/nodes']) {
      expect((await fetch(`http://127.0.0.1:${port}${path}`)).status, path).toBe(404)
    }
    expect((await fetch(`http://127.0.0.1:${adminPort}/admin/metrics`)).status).toBe(200)
  })

  test('has no second port where ADMIN_PORT is -1, and binds both where it is told', async () => {
    const port = await freePort()
    const pid = await started(verb, port, { ADMIN_PORT: '-1', HOST: '127.0.0.1' })
    expect(listening(pid)).toEqual([`127.0.0.1:${port}`])
    const [other, adminPort] = [await freePort(), await freePort()]
    const opened = await started(verb, other, { ADMIN_PORT: String(adminPort), ADMIN_HOST: '0.0.0.0', HOST: '127.0.0.1' })
    expect(listening(opened)).toEqual([`0.0.0.0:${adminPort}`, `127.0.0.1:${other}`].sort())
  })
})

/** @returns its pid, once it is healthy */
async function started(verb: string, port: number, env: Record<string, string>): Promise<number> {
  const [db, dir] = [await aDatabase('migrated'), await mkdtemp(join(tmpdir(), 'ports-'))]
  closers.push(
    () => db.close(),
    () => rm(dir, { recursive: true, force: true })
  )
  // Of the environment nothing but what a container has: the documented addresses hold by default.
  const process = await startProcess(
    verb,
    { ...databaseEnv(db), OBJECTS_DIR: dir, RULES_SOURCE: 'default', HOST: '', WORKER_THREADS: '1', ...env },
    { address: '127.0.0.1', port, through: [] }
  )
  await process.ready()
  return process.pid
}

/** Where the process and all it has started take connections or datagrams, sorted. */
function listening(pid: number): string[] {
  const pids = withChildren(pid)
  const sockets = new Set(pids.flatMap(socketsOf))
  const tables = [
    ['tcp', '0A'],
    ['tcp6', '0A'],
    ['udp', '07'],
    ['udp6', '07']
  ] as const
  return tables
    .flatMap(([table, state]) =>
      readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(/\s+/))
        .filter((row) => row[3] === state && sockets.has(row[9] ?? ''))
        .map((row) => addressOf(row[1] ?? ''))
    )
    .sort()
}

function withChildren(pid: number): number[] {
  const threads = readdirSync(`/proc/${pid}/task`)
  const children = threads.flatMap((tid) => readFileSync(`/proc/${pid}/task/${tid}/children`, 'utf8').split(' '))
  return [pid, ...children.filter(Boolean).flatMap((child) => withChildren(Number(child)))]
}

/** Inodes of its sockets. */
function socketsOf(pid: number): string[] {
  return readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? []
    } catch {
      return [] // closed meanwhile
    }
  })
}

/** `0100007F:1F90` as the system writes it: four bytes at a time, the lowest first. */
function addressOf(text: string): string {
  const [address = '', port = ''] = text.split(':')
  const bytes = (address.match(/.{8}/g) ?? []).flatMap((word) => [...Buffer.from(word, 'hex').reverse()])
  const shown = bytes.length === 4 ? bytes.join('.') : `[${Buffer.from(bytes).toString('hex')}]`
  return `${shown}:${Number.parseInt(port, 16)}`
}
