import type { ClusterSettings, Clock, Logger, NodeSelf, NodeStore } from '@marc-migrations/domain'

/** This process as the others see it, and the settings that all of them follow. */
export interface ClusterNode {
  readonly self: NodeSelf
  settings(): ClusterSettings
  /** Tells the heartbeat how many slots are busy. */
  reportBusy(busySlots: () => number): void
  /** Calls back with each new version of the settings, and at once with the one in force. */
  follow(listener: (settings: ClusterSettings) => void): void
  leave(): Promise<void>
}

/** Registers the node and beats until it leaves. A database that is away costs beats, nothing else. */
export async function joinCluster(
  self: NodeSelf,
  ports: { readonly nodes: NodeStore; readonly clock: Clock; readonly logger: Logger },
  heartbeatMs: number
): Promise<ClusterNode> {
  const { nodes, clock, logger } = ports
  const left = new AbortController()
  const listeners: ((settings: ClusterSettings) => void)[] = []
  let busy = (): number => 0
  await nodes.register(self, heartbeatMs)
  let settings = await nodes.heartbeat(self.id, 0, heartbeatMs)

  const beat = async (): Promise<void> => {
    while (!left.signal.aborted) {
      await clock.sleep(heartbeatMs, left.signal)
      if (left.signal.aborted) return
      try {
        take(await nodes.heartbeat(self.id, busy(), heartbeatMs))
      } catch (err) {
        logger.warn({ err }, 'node.heartbeat-missed')
      }
    }
  }
  const take = (read: ClusterSettings): void => {
    const changed = read.version !== settings.version
    settings = read
    if (changed) for (const listener of listeners) listener(read)
  }
  const beating = beat()

  return {
    self,
    settings: () => settings,
    reportBusy: (count) => {
      busy = count
    },
    follow: (listener) => {
      listeners.push(listener)
      listener(settings)
    },
    leave: async () => {
      left.abort()
      await beating
      await nodes.leave(self.id)
    }
  }
}
