import type { Hint } from '@marc-migrations/domain'
import type { At, ModelState, Outcome } from '../state.ts'
import { isClaimable } from './claim-chunk.ts'

/** The table floor: claimable chunks of armed operations, in random order. */
export function waitingChunks(state: ModelState, { now, random }: At, limit: number): Outcome<readonly Hint[]> {
  const hints: { readonly hint: Hint; readonly order: number }[] = []
  for (const chunk of Object.values(state.chunks)) {
    const operation = state.operations[chunk.operationId]
    if (operation === undefined || state.armed[operation.id]?.tenant !== operation.tenant) continue
    if (!isClaimable(operation, chunk, now)) continue
    const { tenant, id: operationId } = operation
    const hint: Hint = { v: 1, tenant, operationId, chunkId: chunk.id, step: chunk.stage, attempt: chunk.epoch }
    hints.push({ hint, order: random() })
  }
  const answer = hints.sort((a, b) => a.order - b.order).map(({ hint }) => hint)
  return { state, answer: answer.slice(0, limit) }
}
