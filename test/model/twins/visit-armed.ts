import type { ArmedStage, Round, StageHeaders } from '@marc-migrations/domain'
import { withRow } from '../state.ts'
import type { ArmedRow, At, ModelState, Outcome } from '../state.ts'
import { disarmStage } from './arm-stage.ts'
import { releaseSaveLock } from './save-lock.ts'

const NEXT = {
  split: 'nextSplitAt',
  publish: 'nextPublishAt',
  check: 'nextCheckAt',
  sweep: 'nextSweepAt'
} as const satisfies Record<Round, keyof ArmedRow>

export function visitArmed(
  state: ModelState,
  { now }: At,
  round: Round,
  everyMs: number,
  limit: number
): Outcome<readonly ArmedStage[]> {
  const next = NEXT[round]
  const due = Object.values(state.armed)
    .filter((row) => row[next] <= now)
    .sort((a, b) => a[next] - b[next])
    .slice(0, limit)
  let visited = state
  for (const row of due) visited = withRow(visited, 'armed', row.operationId, { ...row, [next]: now + Math.round(everyMs) })
  return {
    state: visited,
    answer: due.map(({ tenant, operationId, stage, armedAt }) => ({ tenant, operationId, stage, armedForMs: now - armedAt }))
  }
}

export function revisitArmed(state: ModelState, { now }: At, round: Round, armed: ArmedStage, inMs: number): Outcome<void> {
  const row = state.armed[armed.operationId]
  if (row?.tenant !== armed.tenant || row.stage !== armed.stage) return { state, answer: undefined }
  const revisited = { ...row, [NEXT[round]]: now + Math.round(inMs) }
  return { state: withRow(state, 'armed', row.operationId, revisited), answer: undefined }
}

export function disarm(state: ModelState, _: At, { tenant, operationId }: ArmedStage): Outcome<void> {
  return { state: releaseSaveLock(disarmStage(state, operationId), tenant, operationId, null), answer: undefined }
}

export function stageHeaders(state: ModelState, _: At, { operationId }: ArmedStage): Outcome<StageHeaders> {
  return { state, answer: state.secrets[operationId] ?? {} }
}
