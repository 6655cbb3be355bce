import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync } from 'node:fs'
import type { NodeKind } from '@marc-migrations/domain'
import type { Environment } from '@marc-migrations/runtime'
import { commandFile } from '../cli-paths.ts'
import { isReadyMessage } from './parent.ts'

/** A node drains within 25 s and exits hard after 30. */
const KILL_AFTER_MS = 32_000
const TAIL_LINES = 8

export interface NodeProcess {
  readonly pid: number | undefined
  /** The port it serves; rejects when it ends before. */
  readonly ready: Promise<number>
  /** How it ended, in words. */
  readonly ended: Promise<string>
  hasEnded(): boolean
  /** Lets it drain and waits for its end. */
  stop(): Promise<void>
  /** The last lines it wrote. */
  logTail(): string
}

/**
 * Starts a coordinator or worker as a process of its own session, which no Ctrl-C reaches; it ends with this one, however this
 * one ends.
 */
export function startNodeProcess(kind: NodeKind, env: Environment, logFile: string): NodeProcess {
  const log = openSync(logFile, 'a', 0o600)
  const child = spawn(process.execPath, [commandFile, kind], { env, detached: true, stdio: ['ignore', log, log, 'ipc'] })
  closeSync(log)
  let hasEnded = false
  const ended = new Promise<string>((resolve) => {
    const end = (how: string): void => {
      hasEnded = true
      resolve(how)
    }
    child.on('error', (error) => end(error.message))
    child.on('exit', (code, signal) => end(signal === null ? `exit code ${String(code)}` : signal))
  })
  const ready = new Promise<number>((resolve, reject) => {
    child.on('message', (message) => {
      if (isReadyMessage(message)) resolve(message.port)
    })
    void ended.then((how) => reject(new Error(`the ${kind} ended before it was ready (${how})`)))
  })
  ready.catch(() => {})
  return {
    pid: child.pid,
    ready,
    ended,
    hasEnded: () => hasEnded,
    stop: async () => {
      child.kill('SIGTERM')
      const killing = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS)
      await ended
      clearTimeout(killing)
    },
    logTail: () => (existsSync(logFile) ? tail(readFileSync(logFile, 'utf8')) : '')
  }
}

const tail = (log: string): string => log.trim().split('\n').slice(-TAIL_LINES).join('\n')
