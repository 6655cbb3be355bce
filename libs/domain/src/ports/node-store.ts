import type { Stage } from '../operation.ts'

export const nodeKinds = ['coordinator', 'worker', 'serve'] as const
export type NodeKind = (typeof nodeKinds)[number]

export interface NodeSelf {
  readonly id: string
  readonly kind: NodeKind
  readonly version: string
  readonly host: string
  readonly pid: number
  /** Chunks it works on at a time; 0 for a coordinator. */
  readonly slots: number
}

export interface NodeView extends NodeSelf {
  readonly startedAt: Date
  readonly lastSeenAt: Date
  readonly busySlots: number
}

/** A chunk that a node works on. */
export interface Holding {
  readonly nodeId: string
  readonly operationId: string
  readonly chunkId: string
  readonly stage: Stage
}

/** What every node follows; a node that was away reads the current version with its next heartbeat. */
export interface ClusterSettings {
  readonly version: number
  readonly paused: boolean
  readonly logLevel: string | null
  /** Chunks published per minute over all operations, or null for no limit. */
  readonly throttlePerMinute: number | null
}

export interface NodeStore {
  register(self: NodeSelf, heartbeatMs: number): Promise<void>
  /** Marks the node alive and returns the settings as they are now. */
  heartbeat(id: string, busySlots: number, heartbeatMs: number): Promise<ClusterSettings>
  /** A clean end: its silence is no crash. */
  leave(id: string): Promise<void>
  /** Nodes seen within the last `withinMs`. */
  nodes(withinMs: number): Promise<readonly NodeView[]>
  /** Leases on chunks of one tenant; those of others are nobody else's business. */
  holdings(tenant: string): Promise<readonly Holding[]>
  changeSettings(change: Partial<Omit<ClusterSettings, 'version'>>): Promise<ClusterSettings>
}
