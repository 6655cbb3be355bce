import { createRequire } from 'node:module'

const PATCHED_VERSION = '2.2.4'

interface RequestQueue {
  readonly pending: readonly unknown[]
  scheduleCheckPendingRequests: (this: RequestQueue) => void
}

export type PatchOutcome = 'applied' | 'not applicable'

let outcome: PatchOutcome | undefined

/**
 * Stops kafkajs 2.2.4 from waking every millisecond on each connection: its check for waiting requests schedules itself again
 * even when none waits, with a negative delay (issue 1751; the fix never came out). Measured: an idle process 3-5 % of a core
 * with the loop, under 1 % without. A negative delay is also what Node 24 warns about.
 *
 * @returns `not applicable` where the client is another version or another text; nothing is changed then
 */
export function patchRequestTimer(): PatchOutcome {
  outcome ??= patch(createRequire(import.meta.url))
  return outcome
}

function patch(require: NodeJS.Require): PatchOutcome {
  const { version } = require('kafkajs/package.json') as { version: string }
  if (version !== PATCHED_VERSION) return 'not applicable'
  const queue = (require('kafkajs/src/network/requestQueue') as { prototype: RequestQueue }).prototype
  const schedule = queue.scheduleCheckPendingRequests
  if (!schedule.toString().includes('if (!this.throttleCheckTimeoutId) {')) return 'not applicable'
  // Each push and each answer schedules the check again, so nothing is lost by not looking while nothing waits.
  queue.scheduleCheckPendingRequests = function (this: RequestQueue) {
    if (this.pending.length > 0) schedule.call(this)
  }
  return 'applied'
}
