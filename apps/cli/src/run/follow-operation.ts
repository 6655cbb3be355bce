import { setTimeout as sleep } from 'node:timers/promises'
import { CommandFailure } from '../command-failure.ts'
import type { MigrationApi, Operation } from './migration-api.ts'

const POLL_MS = 250
/** A coordinator that ended is replaced within seconds. */
const SILENCE_LIMIT_MS = 60_000

/**
 * Asks for the operation until its mapping has ended.
 *
 * @throws {CommandFailure} what the API answered, or the network error when no coordinator answers for a minute
 */
export async function followOperation(
  api: MigrationApi,
  id: string,
  onProgress: (operation: Operation) => void
): Promise<Operation> {
  let heardAt = performance.now()
  for (;;) {
    try {
      const operation = await api.get(id)
      heardAt = performance.now()
      onProgress(operation)
      if (/_(completed|failed)$/.test(operation.status)) return operation
    } catch (error) {
      if (error instanceof CommandFailure || performance.now() - heardAt > SILENCE_LIMIT_MS) throw error
    }
    await sleep(POLL_MS)
  }
}
