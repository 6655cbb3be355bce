import type { Node } from '../api-types.ts'
import { duration, since } from '../format.ts'
import { info, nodes } from '../state.ts'

const adapterWords: Readonly<Record<string, string>> = {
  broker: 'Broker',
  objects: 'Objects',
  rules: 'Rules',
  postgres: 'PostgreSQL'
}
const QUIET_MS = 15_000

/** Who works, and on what it stands. */
export function Cluster() {
  return (
    <section class="card" aria-labelledby="cluster-title">
      <h2 id="cluster-title">Nodes</h2>
      {nodes.value.length === 0 && <p class="empty">No node has reported in the last 30 seconds.</p>}
      <ul class="nodes">
        {nodes.value.map((node) => (
          <NodeItem key={node.id} node={node} />
        ))}
      </ul>
      <h3>Adapters</h3>
      <ul class="adapters">
        {Object.entries(info.value?.adapters ?? {}).map(([part, name]) => (
          <li key={part}>
            <span>{adapterWords[part] ?? part}</span>{' '}
            {part === 'broker' && info.value?.broker?.connected === false ? <b class="away">{name}, not connected</b> : name}
          </li>
        ))}
      </ul>
    </section>
  )
}

function NodeItem({ node }: { readonly node: Node }) {
  const now = Date.now()
  const quiet = now - Date.parse(node.lastSeenAt) > QUIET_MS
  return (
    <li class={quiet ? 'quiet-node' : ''}>
      <div>
        <b>{node.kind}</b>
        <span class="host">{node.host}</span>
      </div>
      <Slots node={node} />
      <small>
        {quiet ? `last seen ${since(node.lastSeenAt, now)}` : `up ${duration(now - Date.parse(node.startedAt))}`} ·{' '}
        <code>{node.id.slice(0, 8)}</code>
      </small>
    </li>
  )
}

/** A dot for each slot, filled while it works; the words beside it say the same. */
function Slots({ node }: { readonly node: Node }) {
  if (node.slots === 0) return <span class="slots-text">API and rounds</span>
  const shown = Math.min(node.slots, 32)
  return (
    <span class="slots">
      {Array.from({ length: shown }, (_, slot) => (
        <i key={slot} class={slot < node.busySlots ? 'busy' : ''} aria-hidden="true" />
      ))}
      <span class="slots-text">
        {node.busySlots} of {node.slots} busy
      </span>
    </span>
  )
}
