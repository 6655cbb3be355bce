import { spawn } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { TestDatabase } from '../support/postgres.ts'

const bin = join(import.meta.dirname, '..', '..', 'apps', 'cli', 'bin', 'marc-migrations.js')

/** Leases of three seconds, so that a dead process's work is taken up while a test is watching. */
export const fastProfile: Readonly<Record<string, string>> = {
  LEASE_MS: '3000',
  LEASE_RENEW_MS: '1000',
  SWEEP_INTERVAL_MS: '1000',
  REPUBLISH_MS: '3000',
  NODE_HEARTBEAT_MS: '500'
}

export function databaseEnv(db: TestDatabase): Record<string, string> {
  return {
    DB_HOST: db.host,
    DB_PORT: String(db.port),
    DB_DATABASE: db.database,
    DB_USERNAME: db.username,
    DB_PASSWORD: db.password
  }
}

/** A real process of the product, its log, and real signals. */
export interface Process {
  readonly verb: string
  readonly pid: number
  readonly port: number
  readonly url: string
  /** Log lines so far, as logged. */
  readonly log: readonly Record<string, unknown>[]
  /** All it has written so far, byte for byte. */
  written(): string
  ready(): Promise<void>
  kill(signal: NodeJS.Signals): void
  /** Exit code, or null when a signal ended it. */
  ended(): Promise<number | null>
}

const started = new Set<ChildProcess>()

/** Where a process runs: an address and a port of its own, and what has to stand before its command. */
export interface Place {
  readonly address: string
  readonly port: number
  readonly through: readonly string[]
}

/** Starts `coordinator`, `worker` or `serve`, on a free port of loopback unless a place is named, of another build if one is. */
export async function startProcess(
  verb: string,
  env: Record<string, string>,
  place?: Place,
  commandFile = bin
): Promise<Process> {
  const { address, port, through } = place ?? { address: '127.0.0.1', port: await freePort(), through: [] }
  const [command = '', ...args] = [...through, process.execPath, commandFile, verb]
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'] ?? '', PORT: String(port), HOST: address, ADMIN_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  started.add(child)
  const log: Record<string, unknown>[] = []
  const other: string[] = []
  const written: Buffer[] = []
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (bytes: Buffer) => written.push(bytes))
    createInterface({ input: stream }).on('line', (line) => {
      try {
        log.push(JSON.parse(line) as Record<string, unknown>)
      } catch {
        other.push(line)
      }
    })
  }
  const exit = once(child, 'exit').then(([code]) => {
    started.delete(child)
    return code as number | null
  })
  return {
    verb,
    pid: child.pid ?? 0,
    port,
    url: `http://${address}:${port}`,
    log,
    written: () => Buffer.concat(written).toString('utf8'),
    ready: () =>
      healthy(
        `http://${address}:${port}`,
        () => child.exitCode,
        () => [...other, ...log.map((line) => JSON.stringify(line))].join('\n')
      ),
    kill: (signal) => child.kill(signal),
    ended: () => exit
  }
}

/** For `afterEach`: whatever a failed test left behind. */
export async function endAll(): Promise<void> {
  await Promise.all(
    [...started].map(async (child) => {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')
    })
  )
}

async function healthy(url: string, exitCode: () => number | null, said: () => string): Promise<void> {
  const until = Date.now() + 90_000
  while (Date.now() < until) {
    if (exitCode() !== null) throw new Error(`the process ended with ${exitCode()}:\n${said()}`)
    const answer = await fetch(`${url}/admin/health`).catch(() => undefined)
    if (answer?.status === 200) return
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error(`the process was not healthy within 90 s:\n${said()}`)
}

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
