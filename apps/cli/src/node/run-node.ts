import { hostname } from 'node:os'
import type { NodeKind } from '@marc-migrations/domain'
import { joinCluster } from '@marc-migrations/flow'
import { createLogger, newId, onShutdown, serveHealth, systemClock, type Config } from '@marc-migrations/runtime'
import { startCoordinator } from '@marc-migrations/coordinator'
import { startWorker } from '@marc-migrations/worker'
import { threadEntry } from '../cli-paths.ts'
import { openAdapters, type Adapters } from '../open-adapters.ts'
import { version } from '../version.ts'
import { adminDoor } from './admin-door.ts'
import { withFailpoints } from './failpoints.ts'
import { pageDirectory } from './page-directory.ts'
import { endWithParent, tellParent } from './parent.ts'
import { withMeasures } from './with-measures.ts'

/** A part of a node that is running; parts are closed in reverse order. */
interface Part {
  close(drainMs: number): Promise<void>
}

export interface NodeOptions {
  /** Tenants that are registered before the API answers. */
  readonly tenants?: readonly string[]
  /** Called once the node serves, with the port of its API or health. */
  readonly onReady?: (port: number) => void
  /** Closed last, when all else is. */
  readonly beneath?: Part
}

/**
 * Runs a coordinator, a worker, or both as this process, until it is told to stop, be it while it starts. Never returns: the end of the
 * process is the shutdown's.
 *
 * @throws what kept it from starting; everything opened until then is closed
 */
export async function runNode(kind: NodeKind, config: Config, options: NodeOptions = {}): Promise<never> {
  const nodeId = newId()
  const logger = createLogger(config, { service: `marc-migrations-${kind}`, version, nodeId })
  const parts: Part[] = options.beneath === undefined ? [] : [options.beneath]
  const stopping = new AbortController()
  const close = async (drainMs: number): Promise<void> => {
    for (const part of parts.splice(0).reverse()) await part.close(drainMs)
  }
  // What is just being opened would stay open, or find beneath it what is closed already.
  const shutdown = onShutdown(logger, async (drainMs) => {
    stopping.abort()
    await starting.catch(() => {})
    await close(drainMs)
  })
  endWithParent(() => shutdown.stop('parent ended'))
  const starting = start()
  try {
    await starting
  } catch (error) {
    if (stopping.signal.aborted) return await new Promise<never>(() => {})
    logger.error({ err: error }, 'node.not-started')
    await close(0)
    throw error
  }
  return await new Promise<never>(() => {})

  async function start(): Promise<void> {
    if (config.ignored.length > 0) logger.info({ ignored: config.ignored }, 'settings.ignored')
    const onDead = (reason: string) => shutdown.stop(reason)
    const opened = await part(openAdapters({ config, kind, nodeId, logger, onDead }))
    const { adapters, metrics } = withMeasures(withFailpoints(opened, process.env), systemClock, config.protocol.leaseMs)
    for (const tenant of options.tenants ?? []) await adapters.stores.tenants.register(tenant)
    const self = {
      id: nodeId,
      kind,
      version,
      host: hostname(),
      pid: process.pid,
      slots: kind === 'coordinator' ? 0 : config.slots
    }
    const ports = { nodes: adapters.stores.nodes, clock: systemClock, logger }
    const node = await joinCluster(self, ports, config.protocol.nodeHeartbeatMs)
    node.follow(({ logLevel }) => logger.setLevel(levelOf(logLevel) ?? config.logLevel))
    await part({ close: () => node.leave() })
    const deps = { ...adapters, node, logger, clock: systemClock, newId }
    const admin = await adminDoor(config, adapters.stores, node, metrics)
    if (admin !== undefined) {
      await part(admin)
      logger.info({ port: admin.port, host: config.adminHost }, 'admin.listening')
    }
    if (kind !== 'coordinator') await part(startWorker({ ...deps, settings: workerSettings(config) }))
    const door = await part(
      kind === 'worker'
        ? workerDoor(config, adapters)
        : startCoordinator({ ...deps, settings: coordinatorSettings(config, adapters, await pageDirectory(logger)) })
    )
    logger.info({ port: door.port, adapters: adapters.names }, 'node.ready')
    tellParent({ ready: true, port: door.port })
    options.onReady?.(door.port)
  }

  /** Nothing more is opened by a node that is stopping. */
  async function part<P extends Part>(opening: P | Promise<P>): Promise<P> {
    const opened = await opening
    parts.push(opened)
    stopping.signal.throwIfAborted()
    return opened
  }
}

function workerSettings(config: Config) {
  const { protocol, slots, workerThreads: threads, subPath, deadlines, saveOutageLimitMs } = config
  const tableFloor = config.kafka !== undefined
  return { protocol, slots, threads, subPath, deadlines, saveOutageLimitMs, threadEntry, tableFloor }
}

function coordinatorSettings(config: Config, { names }: Adapters, pageDir: string | undefined) {
  const { host, port, protocol, chunking, subPath, maxRetryIds, importEnabled, expiry, defaultTenant } = config
  return {
    ...{ host, port, protocol, subPath, maxRetryIds, importEnabled, expiry, version },
    sizes: chunking,
    adapters: names,
    ...(defaultTenant === undefined ? {} : { defaultTenant }),
    ...(pageDir === undefined ? {} : { pageDir })
  }
}

/** What a worker shows of itself: health and info, nothing else. */
function workerDoor(config: Config, { stores, objects, names }: Adapters) {
  return serveHealth({
    host: config.host,
    port: config.port,
    components: { database: () => stores.ping(), objects: () => objects.check() },
    info: () => ({ name: 'marc-migrations', kind: 'worker', version, adapters: names })
  })
}

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const
const levelOf = (text: string | null) => LEVELS.find((level) => level === text)
