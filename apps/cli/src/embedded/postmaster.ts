import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 20
const STOP_LIMIT_MS = 15_000

export interface Postmaster {
  readonly pid: number
  readonly port: number
  /** `starting`, `ready`, `stopping` … */
  readonly state: string
}

/** What a server says of itself in `postmaster.pid`; the fourth line is its port, the eighth its state. */
export function readPostmaster(dataDir: string): Postmaster | undefined {
  const file = join(dataDir, 'postmaster.pid')
  if (!existsSync(file)) return undefined
  const lines = readFileSync(file, 'utf8').split('\n')
  const pid = Number(lines[0])
  return Number.isInteger(pid) && pid > 0 ? { pid, port: Number(lines[3]), state: lines[7]?.trim() ?? '' } : undefined
}

/** The server that runs over this directory, whoever started it; a pid that was given to another program does not count. */
export function runningPostmaster(dataDir: string): Postmaster | undefined {
  const postmaster = readPostmaster(dataDir)
  return postmaster !== undefined && commandLineOf(postmaster.pid).includes(dataDir) ? postmaster : undefined
}

/** Whether the process that has to end a server is still there; without it the server is an orphan. */
export function isKept(pid: number): boolean {
  const parent = parentOf(pid)
  return parent !== undefined && commandLineOf(parent).includes('keep-postgres')
}

export function parentOf(pid: number): number | undefined {
  const parent = hasProc ? statOf(pid)[1] : askPs(pid, 'ppid')
  return parent === undefined || parent === '' ? undefined : Number(parent)
}

/** Asks for a fast shutdown, then for an immediate one; resolves when the process is gone. */
export async function stopPostmaster(pid: number): Promise<void> {
  signal(pid, 'SIGINT')
  for (let waited = 0; isAlive(pid); waited += POLL_MS) {
    if (waited === STOP_LIMIT_MS) signal(pid, 'SIGQUIT')
    if (waited === 2 * STOP_LIMIT_MS) signal(pid, 'SIGKILL')
    await sleep(POLL_MS)
  }
}

/** A process that has ended but that nobody has asked about yet (its parent is gone, and init is slow) counts as gone. */
export function isAlive(pid: number): boolean {
  const state = hasProc ? statOf(pid)[0] : askPs(pid, 'stat')[0]
  return state !== undefined && state !== 'Z' && state !== 'X'
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

const commandLineOf = (pid: number): string =>
  hasProc ? readProc(pid, 'cmdline').replaceAll('\0', ' ') : askPs(pid, 'args')

/** Linux; slim images have no `ps`. */
const hasProc = existsSync('/proc/self/stat')

/** State, parent and so on; the name before them stands in brackets and may hold anything, brackets too. */
const statOf = (pid: number): string[] => readProc(pid, 'stat').split(') ').slice(1).at(-1)?.split(' ') ?? []

function readProc(pid: number, file: 'cmdline' | 'stat'): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8')
  } catch {
    return ''
  }
}

function askPs(pid: number, column: 'args' | 'ppid' | 'stat'): string {
  return spawnSync('ps', ['-ww', '-o', `${column}=`, '-p', String(pid)], { encoding: 'utf8' }).stdout.trim()
}
