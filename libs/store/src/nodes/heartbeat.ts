import type { ClusterSettings } from '@marc-migrations/domain'
import { control } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

/** A heartbeat that comes after a gap begins a new steady time: its node cannot witness anything across the gap. */
const HEARTBEAT = `
  update ${control}.node
     set last_seen_at = now(), busy_slots = $2, heartbeat_ms = $3, left_at = null, crashed_at = null,
         steady_since = case when last_seen_at < now() - 3 * $3::int * interval '1 ms' then now() else steady_since end
   where id = $1`

const SETTINGS = `select version, paused, log_level, throttle_per_minute from ${control}.settings`

interface SettingsRow {
  readonly version: number
  readonly paused: boolean
  readonly log_level: string | null
  readonly throttle_per_minute: number | null
}

/** @returns false when the node is not in the list (any more) */
export async function beat({ db }: StoreContext, id: string, busySlots: number, heartbeatMs: number): Promise<boolean> {
  return (await db.again((on) => on.run(HEARTBEAT, [id, busySlots, Math.round(heartbeatMs)]))) === 1
}

export async function readSettings({ db }: StoreContext): Promise<ClusterSettings> {
  const [row] = await db.again((on) => on.rows<SettingsRow>(SETTINGS))
  if (row === undefined) throw new Error('the settings row is missing')
  return {
    version: row.version,
    paused: row.paused,
    logLevel: row.log_level,
    throttlePerMinute: row.throttle_per_minute
  }
}
