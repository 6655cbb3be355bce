import { count } from '../format.ts'
import { progressOf } from '../progress.ts'
import { nodes, operations, rates } from '../state.ts'

/** What an operator wants to know at one glance. */
export function Summary() {
  const running = operations.value.filter((operation) => progressOf(operation).running)
  const paused = running.filter((operation) => operation.control === 'pause').length
  const rate = [...rates.value.values()].reduce<number>((sum, one) => sum + (one ?? 0), 0)
  const slots = nodes.value.reduce((sum, node) => sum + node.slots, 0)
  const busy = nodes.value.reduce((sum, node) => sum + node.busySlots, 0)
  return (
    <dl class="summary" aria-label="At a glance">
      <div>
        <dt>Running</dt>
        <dd>
          {count(running.length - paused)}
          {paused > 0 && <small> and {count(paused)} paused</small>}
        </dd>
      </div>
      <div>
        <dt>Records per second</dt>
        <dd>{count(rate)}</dd>
      </div>
      <div>
        <dt>Slots busy</dt>
        <dd>
          {count(busy)}
          <small> of {count(slots)}</small>
        </dd>
      </div>
      <div>
        <dt>Nodes</dt>
        <dd>{count(nodes.value.length)}</dd>
      </div>
    </dl>
  )
}
