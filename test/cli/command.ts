import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach } from 'vitest'

const bin = join(import.meta.dirname, '..', '..', 'apps', 'cli', 'bin', 'marc-migrations.js')

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface Running {
  readonly child: ChildProcess
  readonly ended: Promise<Ended>
  /** What it has written so far. */
  readonly output: () => string
}

const started: ChildProcess[] = []
afterEach(() => started.splice(0).forEach((child) => child.kill('SIGKILL')))

/** The command as a process of its own, with an environment of its own: nothing of ours reaches it but PATH. */
export function start(
  args: readonly string[],
  env: Record<string, string> = {},
  options: Pick<SpawnOptions, 'uid' | 'gid' | 'cwd'> & { readonly input?: Uint8Array } = {}
): Running {
  const { input, ...how } = options
  const child = spawn(process.execPath, [bin, ...args], {
    ...how,
    env: { PATH: process.env['PATH'] ?? '', HOME: tmpdir(), ...env },
    stdio: ['pipe', 'pipe', 'pipe']
  })
  started.push(child)
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = new Promise<Ended>((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })))
  return { child, ended, output: () => stdout + stderr }
}

export const command = (...args: Parameters<typeof start>): Promise<Ended> => start(...args).ended

/** A directory for one test's files and temporary files, open to any user; gone with the test. */
export function aDirectory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'cli-test-'))
  chmodSync(dir, 0o755)
  directories.push(dir)
  return dir
}

/**
 * A temporary directory for the command below a test's own, so that what it leaves is seen. What the sources' loader keeps there
 * is not the command's: it is shared by all tests, which would each translate every source anew.
 */
export function temporaryEnv(dir: string, uid = process.getuid?.() ?? 0): { readonly TMPDIR: string } {
  const temporary = join(dir, 'tmp')
  mkdirSync(temporary)
  chmodSync(temporary, 0o777)
  symlinkSync(join(tmpdir(), `tsx-${uid}`), join(temporary, `tsx-${uid}`))
  return { TMPDIR: temporary }
}

const directories: string[] = []
afterEach(() => directories.splice(0).forEach((dir) => rmSync(dir, { recursive: true, force: true, maxRetries: 5 })))

/** Processes, of any user, that have a path in their arguments or environment. Linux only; elsewhere none is found. */
export function processesOf(path: string): string[] {
  if (!existsSync('/proc/self/cmdline')) return []
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => textOf(`/proc/${pid}/cmdline`).includes(path) || textOf(`/proc/${pid}/environ`).includes(path))
}

function textOf(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}
