import { mkdirSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { NodeKind } from '@marc-migrations/domain'
import { readConfig, type Environment } from '@marc-migrations/runtime'
import { CommandFailure } from '../command-failure.ts'
import { startPostgres, type EmbeddedPostgres } from '../embedded/start-postgres.ts'
import type { UserIds } from '../embedded/unprivileged-user.ts'
import { exitCodes } from '../exit-codes.ts'
import { embeddedEnvironment } from '../node/embedded-environment.ts'
import { startNodeProcess, type NodeProcess } from '../node/node-process.ts'

/** A node that ended is started anew: its leases run out and others go on, so a run survives it. Not for ever. */
const RESTARTS = 5

export interface LocalCluster {
  /** Of the coordinator that runs now. */
  url(): string
  /** Rejects when the run cannot go on. */
  readonly failed: Promise<never>
  readonly objectsDir: string
  stop(): Promise<void>
}

export interface ClusterOptions {
  readonly place: string
  readonly ids: UserIds | undefined
  readonly workers: number
  /** Told what happens, a line at a time. */
  readonly say: (line: string) => void
}

/**
 * PostgreSQL, one coordinator and some workers as processes of their own on the loopback address; nothing of it outlives this
 * process or leaves its directory.
 *
 * @throws {MigrationError | CommandFailure} with what kept a part from starting
 */
export async function startLocalCluster(options: ClusterOptions): Promise<LocalCluster> {
  const { place, ids, workers, say } = options
  const objectsDir = join(place, 'objects')
  const someDb = { host: '127.0.0.1', port: 1, database: 'x', username: 'x', password: 'x' }
  // Faults of the settings come before the seconds PostgreSQL takes.
  readConfig(environment(someDb))
  mkdirSync(join(place, 'logs'), { recursive: true })
  mkdirSync(objectsDir)
  const began = performance.now()
  const postgres = await startPostgres({ place, ids, removeAtEnd: place })
  say(`PostgreSQL is up after ${seconds(performance.now() - began)}: 127.0.0.1:${postgres.db.port}, gone when the run ends`)

  let fail: (reason: unknown) => void = () => {}
  const failed = new Promise<never>((_, reject) => (fail = reject))
  failed.catch(() => {})
  void postgres.lost.then((log) =>
    fail(new CommandFailure(exitCodes.unreachable, `PostgreSQL has ended. Its log says:\n${log}`))
  )
  const nodes = new Set<NodeProcess>()
  let stopping = false
  let restarts = 0
  let coordinatorPort = 0

  async function start(kind: NodeKind, name: string): Promise<void> {
    const node = startNodeProcess(kind, environment(postgres.db), join(place, 'logs', `${name}.log`))
    nodes.add(node)
    const port = await node.ready.catch((error: Error) => {
      throw new CommandFailure(exitCodes.unexpected, `${error.message}. It said:\n${node.logTail()}`)
    })
    if (kind === 'coordinator') coordinatorPort = port
    void node.ended.then((how) => replace(kind, name, node, how))
  }

  function replace(kind: NodeKind, name: string, node: NodeProcess, how: string): void {
    nodes.delete(node)
    if (stopping) return
    if (restarts++ === RESTARTS) {
      return fail(new CommandFailure(exitCodes.unexpected, `${name} ended again (${how}). It said:\n${node.logTail()}`))
    }
    say(`${name} has ended (${how}); another takes its place`)
    start(kind, name).catch(fail)
  }

  function environment(db: EmbeddedPostgres['db']): Environment {
    const threads = String(Math.max(1, Math.floor((availableParallelism() - 1) / workers)))
    const ours = { PORT: '0', ADMIN_PORT: '0', HOST: '127.0.0.1', IMPORT_ENABLED: 'true', ENV: 'run' }
    return { WORKER_THREADS: threads, ...embeddedEnvironment(process.env, db, objectsDir), ...ours }
  }

  const stop = async (): Promise<void> => {
    stopping = true
    await Promise.all([...nodes].map((node) => node.stop()))
    await postgres.stop()
  }

  try {
    const names = Array.from({ length: workers }, (_, i) => `worker-${i + 1}`)
    await Promise.all([start('coordinator', 'coordinator'), ...names.map((name) => start('worker', name))])
  } catch (error) {
    await stop()
    throw error
  }
  return { url: () => `http://127.0.0.1:${coordinatorPort}`, failed, objectsDir, stop }
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`
