import type { ClusterSettings, NodeSelf, NodeView } from '@marc-migrations/domain'
import { withRow } from '../state.ts'
import type { At, ModelState, NodeRow, Outcome } from '../state.ts'

/** Of a `serve` the store also judges by their pids the earlier ones of its host: that is no statement, so not here. */
export function registerNode(state: ModelState, { now }: At, self: NodeSelf, heartbeatMs: number): Outcome<void> {
  const { id, kind, version, host, pid, slots } = self
  const node: NodeRow = {
    id,
    kind,
    version,
    host,
    pid,
    slots,
    busySlots: 0,
    heartbeatMs: Math.round(heartbeatMs),
    startedAt: now,
    lastSeenAt: now,
    steadySince: now,
    leftAt: null,
    crashedAt: null
  }
  return { state: withRow(state, 'nodes', id, node), answer: undefined }
}

/** A heartbeat that comes after a gap begins a new steady time. */
export function heartbeat(
  state: ModelState,
  { now }: At,
  id: string,
  busySlots: number,
  heartbeatMs: number
): Outcome<ClusterSettings> {
  const node = state.nodes[id]
  if (node === undefined) return { state, answer: state.settings }
  const everyMs = Math.round(heartbeatMs)
  const steadySince = node.lastSeenAt < now - 3 * everyMs ? now : node.steadySince
  const seen = { busySlots, heartbeatMs: everyMs, lastSeenAt: now, leftAt: null, crashedAt: null, steadySince }
  return { state: withRow(state, 'nodes', id, { ...node, ...seen }), answer: state.settings }
}

export function leave(state: ModelState, { now }: At, id: string): Outcome<void> {
  const node = state.nodes[id]
  if (node === undefined) return { state, answer: undefined }
  return { state: withRow(state, 'nodes', id, { ...node, leftAt: now, busySlots: 0 }), answer: undefined }
}

export function liveNodes(state: ModelState, { now }: At, withinMs: number): Outcome<readonly NodeView[]> {
  const live = Object.values(state.nodes)
    .filter(({ leftAt, lastSeenAt }) => leftAt === null && lastSeenAt >= now - withinMs)
    .sort((a, b) => a.startedAt - b.startedAt || (a.id < b.id ? -1 : 1))
  return { state, answer: live.map(toNodeView) }
}

function toNodeView({ id, kind, version, host, pid, slots, busySlots, startedAt, lastSeenAt }: NodeRow): NodeView {
  const times = { startedAt: new Date(startedAt), lastSeenAt: new Date(lastSeenAt) }
  return { id, kind, version, host, pid, slots, busySlots, ...times }
}

export function changeSettings(
  state: ModelState,
  _: At,
  change: Partial<Omit<ClusterSettings, 'version'>>
): Outcome<ClusterSettings> {
  const settings = { ...state.settings, ...change, version: state.settings.version + 1 }
  return { state: { ...state, settings }, answer: settings }
}
