import type { NodeSelf } from '@marc-migrations/domain'
import { control } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

const REGISTER_NODE = `
  insert into ${control}.node (id, kind, version, host, pid, slots, heartbeat_ms) values ($1, $2, $3, $4, $5, $6, $7)
  on conflict (id) do update
    set kind = excluded.kind, version = excluded.version, host = excluded.host, pid = excluded.pid, slots = excluded.slots,
        busy_slots = 0, heartbeat_ms = excluded.heartbeat_ms, started_at = now(), last_seen_at = now(), steady_since = now(),
        left_at = null, crashed_at = null`

const FORGET_OLD_NODES = `delete from ${control}.node where last_seen_at < now() - interval '7 days'`

const EARLIER_HERE = `
  select id, pid from ${control}.node
   where kind = 'serve' and host = $1 and id <> $2 and left_at is null and crashed_at is null`

const MARK_CRASHED = `update ${control}.node set crashed_at = now() where id = any ($1)`

export async function registerNode({ db }: StoreContext, self: NodeSelf, heartbeatMs: number): Promise<void> {
  const { id, kind, version, host, pid, slots } = self
  await db.again((on) => on.run(REGISTER_NODE, [id, kind, version, host, pid, slots, Math.round(heartbeatMs)]))
  await db.again((on) => on.run(FORGET_OLD_NODES))
  if (kind === 'serve') await markEarlierCrashed(db, self)
}

/**
 * A `serve` alone has no other node to witness its silence. It is judged when it comes back: an earlier one of this host that
 * never left, and whose process is gone or had the id this one has now, has crashed.
 */
async function markEarlierCrashed(db: StoreContext['db'], self: NodeSelf): Promise<void> {
  const earlier = await db.again((on) => on.rows<{ id: string; pid: number }>(EARLIER_HERE, [self.host, self.id]))
  const crashed = earlier.filter(({ pid }) => pid === self.pid || !isAlive(pid)).map(({ id }) => id)
  if (crashed.length > 0) await db.again((on) => on.run(MARK_CRASHED, [crashed]))
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}
