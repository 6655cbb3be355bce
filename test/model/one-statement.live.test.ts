import type { Operation, Stores } from '@marc-migrations/domain'
import { describe, expect } from 'vitest'
import { finaliseStage } from '../../libs/store/src/check/finalise-stage.ts'
import { cancelOperation } from '../../libs/store/src/control/cancel-operation.ts'
import { retryMapping } from '../../libs/store/src/control/retry-mapping.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { aMappedOperation, armedOf, LEASE_MS, reread, SCHEMA } from '../support/store-fixtures.ts'
import { someoneWaits, test } from '../support/store-steps.ts'
import type { Party } from '../support/store-steps.ts'

/** What the twins cannot show: a statement that waits for a row goes on with its old view of all the others. */
const CHECK_AT_ONCE = `
  update ${SCHEMA}.operation set status = 'DATA_MAPPING_COMPLETED'
   where id = $1 and status = 'DATA_MAPPING' and chunking_sealed
     and not exists (select 1 from ${SCHEMA}.operation_chunk where operation_id = $1 and next_attempt_at is not null)`

const CANCEL_AT_ONCE = `
  with ended as (
    update ${SCHEMA}.operation set status = 'DATA_MAPPING_FAILED', control = 'cancel', stop_reason = 'cancelled'
     where id = $1 and status in ('NEW', 'DATA_MAPPING')
    returning id
  )
  update ${SCHEMA}.operation_chunk c
     set epoch = epoch + 1, lease_owner = null, lease_until = null, published_at = null
    from ended
   where c.operation_id = ended.id and c.next_attempt_at is not null`

/** A retry of one chunk holds the operation; the verb comes and waits for it. */
async function besideARetry(db: TestDatabase, stores: Stores, one: Party, verb: (operation: Operation) => Promise<unknown>) {
  const operation = await aMappedOperation(stores, { chunks: 1 })
  await stores.control.retryMapping('diku', operation.id, [])
  const [chunk] = await chunksOf(db)
  const there = one.stopBefore('commit')
  const retrying = retryMapping(one.context, 'diku', operation.id, [chunk?.id ?? ''])
  await there
  const waiting = verb(operation)
  await someoneWaits(db)
  one.goOn()
  await Promise.all([retrying, waiting])
  const { status } = await reread(stores, operation)
  const [after] = await chunksOf(db)
  return { status, open: after?.open, epochs: (after?.epoch ?? 0) - (chunk?.epoch ?? 0) }
}

const chunksOf = (db: TestDatabase) =>
  db.query<{ id: string; epoch: number; open: boolean }>(
    `select id, epoch, next_attempt_at is not null as open from ${SCHEMA}.operation_chunk`
  )

describe('a checker that waits for a retry', () => {
  test('ends the stage with an open chunk when it tests and sets in one statement', async ({ db, stores, one, other }) => {
    const after = await besideARetry(db, stores, one, ({ id }) => other.context.db.run(CHECK_AT_ONCE, [id]))
    expect(after).toEqual({ status: 'DATA_MAPPING_COMPLETED', open: true, epochs: 1 })
  })

  test('leaves it running as the store does it', async ({ db, stores, one, other }) => {
    const after = await besideARetry(db, stores, one, (operation) =>
      finaliseStage(other.context, armedOf(operation), LEASE_MS)
    )
    expect(after).toEqual({ status: 'DATA_MAPPING', open: true, epochs: 1 })
  })
})

describe('a cancel that waits for a retry', () => {
  test('leaves its chunk unfenced when it tests and sets in one statement', async ({ db, stores, one, other }) => {
    const after = await besideARetry(db, stores, one, ({ id }) => other.context.db.run(CANCEL_AT_ONCE, [id]))
    expect(after).toEqual({ status: 'DATA_MAPPING_FAILED', open: true, epochs: 1 })
  })

  test('fences it as the store does it', async ({ db, stores, one, other }) => {
    const after = await besideARetry(db, stores, one, ({ id }) => cancelOperation(other.context, 'diku', id, 'cancelled'))
    expect(after).toEqual({ status: 'DATA_MAPPING_FAILED', open: true, epochs: 2 })
  })
})
