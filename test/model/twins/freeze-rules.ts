import { RULES_UNAVAILABLE } from '@marc-migrations/domain'
import type { RulesSnapshot } from '@marc-migrations/domain'
import { operationOf, withRow } from '../state.ts'
import type { At, ModelState, Outcome } from '../state.ts'

export function frozenHash(state: ModelState, _: At, tenant: string, operationId: string): Outcome<string | null> {
  return { state, answer: operationOf(state, tenant, operationId)?.rulesHash ?? null }
}

/** First writer wins; a stage that has ended is not frozen again. */
export function freezeRules(
  state: ModelState,
  _: At,
  tenant: string,
  operationId: string,
  snapshot: RulesSnapshot | null
): Outcome<void> {
  const key = `${tenant}/${snapshot?.hash}`
  const isNew = snapshot !== null && state.rules[key] === undefined
  const kept = isNew ? withRow(state, 'rules', key, snapshot) : state
  const operation = operationOf(kept, tenant, operationId)
  const mayFreeze = operation?.rulesHash === null && (operation.status === 'NEW' || operation.status === 'DATA_MAPPING')
  if (!mayFreeze) return { state: kept, answer: undefined }
  const rulesHash = snapshot?.hash ?? RULES_UNAVAILABLE
  return { state: withRow(kept, 'operations', operationId, { ...operation, rulesHash }), answer: undefined }
}

export function frozenRules(state: ModelState, _: At, tenant: string, hash: string): Outcome<RulesSnapshot | null> {
  return { state, answer: state.rules[`${tenant}/${hash}`] ?? null }
}
