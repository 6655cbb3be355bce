import { spawn } from 'node:child_process'
import { openSync } from 'node:fs'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/** A server of ours that cannot outlive us. */
export interface Leashed {
  readonly pid: number
  isGone(): boolean
  signal(signal: NodeJS.Signals): void
  /** Resolves when it is gone. */
  end(signal: NodeJS.Signals): Promise<void>
}

/** A shell between us and the server kills it when we are gone, however we went: its end of the pipe closes then. */
const LEASH =
  'exec 3<&0; "$@" </dev/null >&2 3<&- & server=$!; echo $server; { read _ <&3; kill -9 $server; } 2>/dev/null & wait $server'

/** @param log a file that gets all it says */
export async function leash(
  command: readonly string[],
  { log, env }: { readonly log: string; readonly env?: NodeJS.ProcessEnv }
): Promise<Leashed> {
  const shell = spawn('sh', ['-c', LEASH, 'sh', ...command], {
    stdio: ['pipe', 'pipe', openSync(log, 'a')],
    env: { ...process.env, ...env }
  })
  const exited = new Promise<void>((resolve) => shell.once('exit', () => resolve()))
  void exited.then(() => shell.stdin?.end())
  const pid = await new Promise<number>((resolve, reject) => {
    shell.once('error', reject)
    shell.once('exit', () => reject(new Error(`${command[0]} did not start`)))
    shell.stdout?.once('data', (text: Buffer) => resolve(Number.parseInt(text.toString(), 10)))
  })
  const isGone = (): boolean => shell.exitCode !== null || shell.signalCode !== null
  return {
    pid,
    isGone,
    signal: (signal) => process.kill(pid, signal),
    end: async (signal) => {
      if (!isGone()) process.kill(pid, signal)
      await exited
    }
  }
}

/** Resolves when something listens on the port of the loopback; rejects after a minute, or when the server is gone. */
export async function listening(port: number, server: Leashed): Promise<void> {
  for (let tries = 0; tries < 600 && !server.isGone(); tries++) {
    if (await accepts(port)) return
    await sleep(100)
  }
  throw new Error(`nothing listens on ${port}`)
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
