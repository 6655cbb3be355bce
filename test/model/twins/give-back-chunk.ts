import type { Claim, GiveBackReason } from '@marc-migrations/domain'
import { operationOf, withRow } from '../state.ts'
import type { At, ModelState, Outcome } from '../state.ts'
import { backOff } from './back-off.ts'

export function giveBackChunk(state: ModelState, at: At, claim: Claim, reason: GiveBackReason): Outcome<void> {
  const chunk = state.chunks[claim.chunkId]
  if (chunk?.epoch !== claim.epoch || chunk.nextAttemptAt === null || chunk.leaseOwner === null) {
    return { state, answer: undefined }
  }
  const noted = reason === 'silent' ? noteSilence(state, at, claim) : state
  const due = {
    ...chunk,
    status: chunk.prior ?? chunk.status,
    prior: null,
    leaseOwner: null,
    leaseUntil: null,
    publishedAt: null,
    attempts: chunk.attempts + (reason === 'suspect' ? 1 : 0),
    nextAttemptAt: at.now + wait(reason, chunk.attempts + 1, at.random())
  }
  return { state: withRow(noted, 'chunks', chunk.id, due), answer: undefined }
}

function wait(reason: GiveBackReason, attempts: number, random: number): number {
  if (reason === 'suspect') return backOff(attempts, random)
  return reason === 'released' ? 0 : (1 + random) * 1000
}

function noteSilence(state: ModelState, { now }: At, { tenant, operationId }: Claim): ModelState {
  const operation = operationOf(state, tenant, operationId)
  if (operation?.status !== 'DATA_SAVING' || operation.silentSince !== null) return state
  return withRow(state, 'operations', operationId, { ...operation, silentSince: now })
}
