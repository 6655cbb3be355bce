import type { Claim, Tally } from '@marc-migrations/domain'
import type { Transaction } from '../database/database.ts'
import { perSchema } from '../database/per-schema.ts'
import { isOutage } from '../database/store-error.ts'
import type { StoreContext } from '../store-context.ts'

/** Two statements in one function, hence one round trip: the operation's lock, then everything else. */
const COUNT_CHUNK = perSchema(
  (s) =>
    `select ${s}.count_chunk($1, $2, $3, $4::${s}.operationstatus, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) as answer`
)

type Answer = 'counted' | 'before' | 'fenced'

/**
 * Counts once, whatever happens to the connection: when the answer was lost, the second call finds the row as the first one
 * left it, or waits for it, and tells which attempt stands.
 */
export async function countChunk({ db, tenants }: StoreContext, claim: Claim, tally: Tally): Promise<'counted' | 'fenced'> {
  await tenants.require(claim.tenant)
  try {
    return (await count(db, claim, tally)) === 'counted' ? 'counted' : 'fenced'
  } catch (error) {
    if (!isOutage(error)) throw error
    return (await count(db, claim, tally)) === 'fenced' ? 'fenced' : 'counted'
  }
}

async function count(on: Transaction, claim: Claim, tally: Tally): Promise<Answer> {
  const mapping = tally.stage === 'DATA_MAPPING'
  const [row] = await on.rows<{ answer: Answer }>(COUNT_CHUNK(claim.tenant), [
    claim.operationId,
    claim.chunkId,
    claim.epoch,
    tally.stage,
    claim.rulesHash,
    mapping ? tally.mapped : tally.saved,
    mapping ? tally.rejected : tally.failed,
    mapping ? (tally.entities?.key ?? null) : null,
    mapping ? (tally.entities?.lengthBytes ?? null) : null,
    mapping ? (tally.entities?.sha256 ?? null) : null,
    tally.rejectedKey,
    tally.reasonsKey,
    !mapping && tally.outcomeUnknown,
    !mapping && tally.answered
  ])
  return row?.answer ?? 'fenced'
}
