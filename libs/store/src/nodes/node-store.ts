import type { ClusterSettings, NodeKind, NodeSelf, NodeStore, NodeView } from '@marc-migrations/domain'
import { control } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'
import { beat, readSettings } from './heartbeat.ts'
import { registerNode } from './register-node.ts'
import { tenantHoldings } from './tenant-holdings.ts'

const LEAVE = `update ${control}.node set left_at = now(), busy_slots = 0 where id = $1`

const LIST_NODES = `
  select id, kind, version, host, pid, slots, busy_slots, started_at, last_seen_at
    from ${control}.node
   where left_at is null and last_seen_at >= now() - $1::float8 * interval '1 ms'
   order by started_at, id`

const CHANGE_SETTINGS = `
  update ${control}.settings
     set version = version + 1, paused = coalesce($1, paused),
         log_level = case when $2 then $3 else log_level end,
         throttle_per_minute = case when $4 then $5::int else throttle_per_minute end`

interface NodeRow {
  readonly id: string
  readonly kind: NodeKind
  readonly version: string
  readonly host: string
  readonly pid: number
  readonly slots: number
  readonly busy_slots: number
  readonly started_at: Date
  readonly last_seen_at: Date
}

export function nodeStore(context: StoreContext): NodeStore {
  const { db } = context
  const selves = new Map<string, NodeSelf>()
  return {
    async register(self, heartbeatMs) {
      await registerNode(context, self, heartbeatMs)
      selves.set(self.id, self)
    },

    async heartbeat(id, busySlots, heartbeatMs): Promise<ClusterSettings> {
      const self = selves.get(id)
      // The list was cleaned, or restored from a time before this node.
      if (!(await beat(context, id, busySlots, heartbeatMs)) && self !== undefined) {
        await registerNode(context, self, heartbeatMs)
      }
      return await readSettings(context)
    },

    async leave(id) {
      selves.delete(id)
      await db.again((on) => on.run(LEAVE, [id]))
    },

    async nodes(withinMs) {
      return (await db.again((on) => on.rows<NodeRow>(LIST_NODES, [withinMs]))).map(toNodeView)
    },

    holdings: (tenant) => tenantHoldings(context, tenant),

    async changeSettings(change) {
      await db.run(CHANGE_SETTINGS, [
        change.paused ?? null,
        'logLevel' in change,
        change.logLevel ?? null,
        'throttlePerMinute' in change,
        change.throttlePerMinute ?? null
      ])
      return await readSettings(context)
    }
  }
}

function toNodeView(row: NodeRow): NodeView {
  return {
    id: row.id,
    kind: row.kind,
    version: row.version,
    host: row.host,
    pid: row.pid,
    slots: row.slots,
    busySlots: row.busy_slots,
    startedAt: row.started_at,
    lastSeenAt: row.last_seen_at
  }
}
