import type { Stores } from '@marc-migrations/domain'
import type { ClusterNode } from '@marc-migrations/flow'
import { serveAdmin, type AdminServer, type Config, type Metrics } from '@marc-migrations/runtime'

const SEEN_WITHIN_MS = 30_000

/** The administrator's port of a node of any kind; undefined where the configuration wants none. */
export async function adminDoor(
  config: Config,
  stores: Pick<Stores, 'nodes' | 'control'>,
  node: ClusterNode,
  metrics: Metrics
): Promise<AdminServer | undefined> {
  if (config.adminPort === undefined) return undefined
  return await serveAdmin({
    host: config.adminHost,
    port: config.adminPort,
    logLevel: config.logLevel,
    metrics,
    settings: { current: () => node.settings(), change: (change) => stores.nodes.changeSettings(change) },
    nodes: () => stores.nodes.nodes(SEEN_WITHIN_MS),
    releaseSaveLock: (tenant, entityType) => stores.control.releaseSaveLock(tenant, entityType)
  })
}
