// Runs one program of PostgreSQL for as long as the process that started this one lives, and not a moment longer: when its end of
// stdin closes, for whatever reason (a clean stop, a crash, kill -9), the program gets a fast shutdown. Plain JavaScript over
// Node's own modules, because it has to start fast and to need nothing that could be gone by then.
//
// argv[2]: JSON {command, args, uid?, gid?, logFile, removeAtEnd?}; what removeAtEnd names is removed after a stop that was asked
// for. Exit code: 0 after such a stop, else the program's own.

import { spawn } from 'node:child_process'
import { openSync, rmSync } from 'node:fs'

/** A fast shutdown waits for a checkpoint; past these the next harder one is tried. */
const FAST_MS = 10_000
const IMMEDIATE_MS = 5_000

const order = JSON.parse(process.argv[2] ?? '{}')
const log = openSync(order.logFile, 'a', 0o600)
const ids = order.uid === undefined ? {} : { uid: order.uid, gid: order.gid }
const environment = { PATH: '/usr/local/bin:/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' }

let stopping = false
const program = spawn(order.command, order.args, { ...ids, cwd: '/', env: environment, stdio: ['ignore', log, log] })
program.on('error', () => end(1))
program.on('exit', (code) => end(code ?? 1))

process.stdin.on('error', stop).on('end', stop).on('close', stop).resume()
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, stop)

function stop() {
  if (stopping) return
  stopping = true
  program.kill('SIGINT')
  setTimeout(() => program.kill('SIGQUIT'), FAST_MS)
  setTimeout(() => program.kill('SIGKILL'), FAST_MS + IMMEDIATE_MS)
}

function end(code) {
  if (!stopping) process.exit(code)
  if (order.removeAtEnd !== undefined) {
    // Others may be about to end and still be writing there.
    rmSync(order.removeAtEnd, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 })
  }
  process.exit(0)
}
