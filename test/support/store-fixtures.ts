import { randomUUID } from 'node:crypto'
import type {
  ArmedStage,
  Claim,
  Hint,
  NewChunk,
  Operation,
  OperationDraft,
  Stage,
  Stores,
  Tally
} from '@marc-migrations/domain'
import { openStores } from '@marc-migrations/store'
import { expect, test as base } from 'vitest'
import { aDatabase } from './postgres.ts'
import type { TestDatabase } from './postgres.ts'
import { silentLogger } from './silent-logger.ts'

export const LEASE_MS = 60_000
export const RULES = { hash: 'a'.repeat(64), rules: '{}', params: '{}' }

/** A migrated database of the test's own, and the store on it. */
export const test = base.extend<{ db: TestDatabase; stores: Stores }>({
  db: async ({}, use) => {
    const db = await aDatabase()
    await use(db)
    await db.close()
  },
  stores: async ({ db }, use) => {
    const stores = await storesOn(db)
    await use(stores)
    await stores.close()
  }
})

export async function storesOn(db: TestDatabase, maxPoolSize = 10): Promise<Stores> {
  return await openStores({ ...db, maxPoolSize, subPath: 'test', tokenKey: 'of the tests', logger: silentLogger })
}

export function aDraft(draft: Partial<OperationDraft> = {}): OperationDraft {
  return {
    id: randomUUID(),
    tenant: 'diku',
    userId: randomUUID(),
    entityType: 'authority',
    operationType: 'import',
    source: { name: 'names.mrc', format: 'iso2709', objectKey: 'source/1', etag: '"1"', lengthBytes: 1_000_000 },
    totalRecords: 0,
    ...draft
  }
}

export function someChunks(count: number, records = 10, from = 0): NewChunk[] {
  return Array.from({ length: count }, (_, i) => ({
    id: randomUUID(),
    position: from + i,
    recordCount: records,
    window: { kind: 'bytes', offset: (from + i) * 1000, length: 1000, firstRecordIndex: (from + i) * records }
  }))
}

export function armedOf(operation: Pick<Operation, 'tenant' | 'id'>, stage: Stage = 'DATA_MAPPING'): ArmedStage {
  return { tenant: operation.tenant, operationId: operation.id, stage, armedForMs: 0 }
}

interface Shape extends Partial<OperationDraft> {
  readonly chunks?: number
  readonly records?: number
}

/** An operation that is split and sealed, its rules not frozen. */
export async function aSplitOperation(
  stores: Stores,
  { chunks = 3, records = 10, ...draft }: Shape = {}
): Promise<Operation> {
  const started = await stores.operations.start(aDraft(draft))
  const range = await stores.split.claimRange(started.tenant, started.id, 'splitter', LEASE_MS)
  if (range === null) throw new Error('no range')
  const page = { chunks: someChunks(chunks, records), cursor: 'end', done: true }
  expect(await stores.split.commitPage(started.tenant, range, page, LEASE_MS)).toEqual({
    outcome: 'committed',
    sealed: true
  })
  return await reread(stores, started)
}

/** Split, frozen, and every chunk published. */
export async function aPublishedOperation(stores: Stores, shape: Shape = {}): Promise<Operation> {
  const operation = await aSplitOperation(stores, shape)
  await stores.freeze.freeze(operation.tenant, operation.id, RULES)
  await stores.publish.mark(armedOf(operation), 10_000)
  return await reread(stores, operation)
}

/** Mapped without rejects and finalised. */
export async function aMappedOperation(stores: Stores, shape: Shape = {}): Promise<Operation> {
  const operation = await aPublishedOperation(stores, shape)
  for (const claim of await claimAll(stores, operation)) await stores.chunks.count(claim, mappedTally(claim))
  expect(await stores.check.finalise(armedOf(operation), LEASE_MS)).toMatchObject({ status: 'DATA_MAPPING_COMPLETED' })
  return await reread(stores, operation)
}

/** Put to saving, and every chunk published; the operation has the save lock. */
export async function aSavingOperation(stores: Stores, shape: Shape = {}): Promise<Operation> {
  const operation = await aMappedOperation(stores, shape)
  expect(await stores.control.startSaving(operation.tenant, operation.id, null)).toMatchObject({ outcome: 'done' })
  await stores.publish.mark(armedOf(operation, 'DATA_SAVING'), 10_000)
  return await reread(stores, operation)
}

export async function reread(stores: Stores, { tenant, id }: Pick<Operation, 'tenant' | 'id'>): Promise<Operation> {
  const operation = await stores.operations.get(tenant, id)
  if (operation === null) throw new Error('the operation is gone')
  return operation
}

export async function hintsOf(stores: Stores, operation: Operation): Promise<Hint[]> {
  const { chunks } = await stores.operations.chunks(operation.tenant, operation.id, { offset: 0, limit: 1000 })
  return chunks.map(({ id, stage, epoch }) => hintOf(operation, id, stage, epoch))
}

export function hintOf(operation: Pick<Operation, 'tenant' | 'id'>, chunkId: string, step: Stage, attempt = 0): Hint {
  return { v: 1, tenant: operation.tenant, operationId: operation.id, chunkId, step, attempt }
}

/** Claims of whatever can be claimed of an operation, in source order. */
export async function claimAll(
  stores: Stores,
  operation: Operation,
  worker = 'worker',
  leaseMs = LEASE_MS
): Promise<Claim[]> {
  const claims: Claim[] = []
  for (const hint of await hintsOf(stores, operation)) {
    const claim = await stores.chunks.claim(hint, worker, leaseMs)
    if (claim !== null) claims.push(claim)
  }
  return claims
}

export async function claimOne(stores: Stores, operation: Operation, worker = 'worker', leaseMs = LEASE_MS): Promise<Claim> {
  for (const hint of await hintsOf(stores, operation)) {
    const claim = await stores.chunks.claim(hint, worker, leaseMs)
    if (claim !== null) return claim
  }
  throw new Error('nothing to claim')
}

export function mappedTally(claim: Claim, mapped = claim.recordCount, rejected = 0): Tally {
  const name = `${claim.chunkId}_e${claim.epoch}`
  return {
    stage: 'DATA_MAPPING',
    mapped,
    rejected,
    entities: mapped === 0 ? null : { key: `${name}_entity`, lengthBytes: 100 * mapped, sha256: 'b'.repeat(64) },
    rejectedKey: rejected === 0 ? null : `${name}_entity-error`,
    reasonsKey: rejected === 0 ? null : `${name}_error`
  }
}

export function savedTally(claim: Claim, saved = claim.recordCount, failed = 0): Tally {
  const name = `${claim.chunkId}_s${claim.epoch}`
  return {
    stage: 'DATA_SAVING',
    saved,
    failed,
    rejectedKey: failed === 0 ? null : `${name}_failedEntities`,
    reasonsKey: failed === 0 ? null : `${name}_errors`,
    outcomeUnknown: false,
    answered: true
  }
}

export const SCHEMA = 'diku_mod_marc_migrations'

/** As if the time of every lease had run out. */
export async function lapseLeases(db: TestDatabase, ago = '1 ms', schema = SCHEMA): Promise<void> {
  await db.query(
    `update ${schema}.operation_chunk set lease_until = clock_timestamp() - $1::interval where lease_until is not null`,
    [ago]
  )
}

/** Counters of an operation as one line. */
export function sums(operation: Operation): object {
  const { totalRecords: total, mappedRecords: mapped, rejectedRecords: rejected, savedRecords: saved } = operation
  return { total, mapped, rejected, saved, drift: operation.driftRecords }
}
