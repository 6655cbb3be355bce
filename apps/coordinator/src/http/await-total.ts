import { isTerminal } from '@marc-migrations/domain'
import type { Clock, Operation, OperationStore } from '@marc-migrations/domain'

const LIMIT_MS = 25_000
const LONGEST_PAUSE_MS = 500

/**
 * Waits until the count beside the split, or the seal, knows the total of an operation that has just been started.
 *
 * @returns the operation with the total so far, after 25 s at the latest: a gateway waits no longer
 */
export async function awaitTotal(
  started: Operation,
  operations: OperationStore,
  clock: Clock,
  signal: AbortSignal
): Promise<Operation> {
  const deadline = clock.monotonic() + LIMIT_MS
  let operation = started
  for (let pauseMs = 50; !totalKnown(operation) && !signal.aborted; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    if (clock.monotonic() >= deadline) break
    await clock.sleep(pauseMs, signal)
    operation = (await operations.get(started.tenant, started.id)) ?? operation
  }
  return operation
}

function totalKnown(operation: Operation): boolean {
  return operation.chunkingSealed || operation.totalRecords > 0 || isTerminal(operation.status)
}
