import { chunksOf, rangesOf, withRow } from '../state.ts'
import type { ModelState, Outcome } from '../state.ts'

/** The last range is done: the total is the sum of the chunk rows. */
export function sealOperation(state: ModelState, operationId: string): Outcome<boolean> {
  const operation = state.operations[operationId]
  if (operation === undefined || operation.chunkingSealed || rangesOf(state, operationId).some(({ done }) => !done)) {
    return { state, answer: false }
  }
  const totalRecords = chunksOf(state, operationId).reduce((total, { recordCount }) => total + recordCount, 0)
  return {
    state: withRow(state, 'operations', operationId, { ...operation, chunkingSealed: true, totalRecords }),
    answer: true
  }
}
