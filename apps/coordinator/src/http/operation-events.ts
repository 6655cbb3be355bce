import { isTerminal, MigrationError } from '@marc-migrations/domain'
import type { Clock, Operation, OperationStore } from '@marc-migrations/domain'
import { presentOperation } from './present.ts'

const READ_EVERY_MS = 1000
const KEEP_ALIVE_MS = 15_000

/**
 * Server-sent events of one operation: `operation` with its body whenever it changed, then `end` once it is terminal or gone.
 *
 * Each stream reads the database, so any coordinator can serve it; a stream that breaks is simply opened again.
 */
export async function* operationEvents(
  first: Operation,
  operations: OperationStore,
  clock: Clock,
  signal: AbortSignal
): AsyncGenerator<string> {
  let sent = ''
  let quietSince = clock.monotonic()
  for (let operation: Operation | null = first; operation !== null; operation = await reread(operation, operations)) {
    const data = JSON.stringify(presentOperation(operation))
    const quiet = data === sent && clock.monotonic() - quietSince < KEEP_ALIVE_MS
    if (!quiet) {
      yield data === sent ? ': still here\n\n' : `event: operation\ndata: ${data}\n\n`
      quietSince = clock.monotonic()
    }
    sent = data

    if (isTerminal(operation.status)) break
    await clock.sleep(READ_EVERY_MS, signal)
    if (signal.aborted) return
  }
  yield 'event: end\ndata: {}\n\n'
}

/** While the database is away the last known state stands. */
async function reread(operation: Operation, operations: OperationStore): Promise<Operation | null> {
  try {
    return await operations.get(operation.tenant, operation.id)
  } catch (error) {
    if (error instanceof MigrationError && error.kind === 'outage') return operation
    throw error
  }
}
