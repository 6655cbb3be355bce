import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { keeperFile } from '../cli-paths.ts'
import type { UserIds } from './unprivileged-user.ts'

const TAIL_LINES = 12

export interface KeptProgram {
  /** Of the keeper, the program's parent. */
  readonly keeperPid: number | undefined
  /** Resolves with the exit code once program and keeper have ended. */
  readonly ended: Promise<number | null>
  hasEnded(): boolean
  /** Asks for a fast end and waits for it. */
  stop(): Promise<void>
  logTail(): string
}

/**
 * Starts a program of PostgreSQL that ends with this process, however that ends: its keeper is a process of its own session,
 * which no Ctrl-C reaches, and sees our end of a pipe close.
 */
export function keepProgram(order: {
  readonly command: string
  readonly args: readonly string[]
  readonly ids: UserIds | undefined
  readonly logFile: string
  readonly removeAtEnd: string | undefined
}): KeptProgram {
  const { ids, ...rest } = order
  const keeper = spawn(process.execPath, [keeperFile, JSON.stringify({ ...rest, ...ids })], {
    detached: true,
    cwd: '/',
    stdio: ['pipe', 'ignore', 'ignore']
  })
  keeper.stdin.on('error', () => {})
  let hasEnded = false
  const ended = new Promise<number | null>((resolve, reject) => {
    keeper.on('error', reject)
    keeper.on('exit', (code) => {
      hasEnded = true
      resolve(code)
    })
  })
  return {
    keeperPid: keeper.pid,
    ended,
    hasEnded: () => hasEnded,
    stop: async () => {
      keeper.stdin.end()
      await ended
    },
    logTail: () => (existsSync(order.logFile) ? tail(readFileSync(order.logFile, 'utf8')) : '')
  }
}

const tail = (log: string): string => log.trim().split('\n').slice(-TAIL_LINES).join('\n')
