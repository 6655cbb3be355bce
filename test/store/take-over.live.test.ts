import { randomUUID } from 'node:crypto'
import type { Operation, OperationStatus, Stage, Stores } from '@marc-migrations/domain'
import { describe, expect } from 'vitest'
import { javaJob, javaSchema } from '../support/java-tables.ts'
import type { TestDatabase } from '../support/postgres.ts'
import {
  armedOf,
  claimAll,
  LEASE_MS,
  mappedTally,
  reread,
  RULES,
  savedTally,
  storesOn,
  sums,
  test as base
} from '../support/store-fixtures.ts'

const UNI = 'uni_mod_marc_migrations'

/** The tables of the module replaced, and no word to our registry. */
const test = base.extend<{ java: TestDatabase }>({
  java: async ({ db }, use) => {
    await db.query(javaSchema('uni'))
    await use(db)
  }
})

interface JavaStep {
  readonly stage: Stage
  readonly status: 'IN_PROGRESS' | 'COMPLETED' | 'FAILED'
  readonly errors?: number
  readonly reasons?: string
}
interface JavaChunk {
  readonly status: OperationStatus
  readonly records?: number
  readonly steps?: readonly JavaStep[]
}

const id = (n: number) => `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`

/** An operation as the module replaced leaves it; its chunks are stored in another order than their records have. */
async function javaOperation(
  db: TestDatabase,
  row: { status: OperationStatus; total: number; mapped?: number; saved?: number; started?: boolean },
  chunks: readonly JavaChunk[]
): Promise<{ tenant: 'uni'; id: string }> {
  const operation = randomUUID()
  const started = row.started ?? row.status !== 'NEW'
  await db.query(
    `insert into ${UNI}.operation values ($1, $2, 'AUTHORITY', 'REMAPPING', $3, $4, $5, $6,
      case when $7 then timestamp '2026-01-02 03:04:05' end, null, null, null)`,
    [operation, randomUUID(), row.status, row.total, row.mapped ?? 0, row.saved ?? 0, started]
  )
  await db.query(`insert into ${UNI}.operation_error_report values ($1, $1, 'NOT_STARTED', null, null)`, [operation])
  for (const [i, chunk] of [...chunks.entries()].reverse()) {
    const chunkId = randomUUID()
    const name = (ending: string) => `sub/operation/${operation}/${chunkId}_${ending}`
    const names = [name('source'), name('marc'), name('entity')]
    const chunkRow = [chunkId, operation, id(i * 10 + 1), id(i * 10 + 10), ...names, chunk.status, chunk.records ?? 10]
    await db.query(`insert into ${UNI}.operation_chunk values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`, chunkRow)
    for (const { stage, status, errors = 0, reasons = `sub/${chunkId}_error` } of chunk.steps ?? [])
      await db.query(
        `insert into ${UNI}.operation_chunk_step values
          ($1, $2, $3, $4, $5, $6, $7, '2026-01-02 03:04:05', '2026-01-02 03:05:05', $8)`,
        [randomUUID(), operation, chunkId, stage, `sub/${chunkId}_entity-error`, reasons, status, errors]
      )
  }
  return { tenant: 'uni', id: operation }
}

const mapped = (errors = 0): JavaStep => ({ stage: 'DATA_MAPPING', status: errors === 0 ? 'COMPLETED' : 'FAILED', errors })
const saved = (errors = 0): JavaStep => ({ stage: 'DATA_SAVING', status: errors === 0 ? 'COMPLETED' : 'FAILED', errors })
const begun = (stage: Stage): JavaStep => ({ stage, status: 'IN_PROGRESS' })

const chunksOf = async (stores: Stores, operation: { tenant: string; id: string }) =>
  (await stores.operations.chunks(operation.tenant, operation.id, { offset: 0, limit: 100 })).chunks

/** Everything that is published, counted without rejects, and the stage ended. */
async function runOn(stores: Stores, operation: Operation, stage: Stage): Promise<Operation> {
  if (stage === 'DATA_MAPPING') await stores.freeze.freeze(operation.tenant, operation.id, RULES)
  await stores.publish.mark(armedOf(operation, stage), 100)
  for (const claim of await claimAll(stores, operation))
    await stores.chunks.count(
      claim,
      stage === 'DATA_MAPPING' ? mappedTally(claim) : savedTally(claim, claim.saving?.recordCount)
    )
  await stores.check.finalise(armedOf(operation, stage), LEASE_MS)
  return await reread(stores, operation)
}

const armedRows = (db: TestDatabase) =>
  db.query(`select tenant, operation_id as id, stage from marc_migrations_control.armed_check order by stage`)

describe('a tenant of the module replaced', () => {
  test('is taken over when its name is first seen, in its spelling', async ({ java, stores }) => {
    await javaOperation(java, { status: 'DATA_MAPPING_COMPLETED', total: 10, mapped: 10 }, [
      { status: 'DATA_MAPPING_COMPLETED', steps: [mapped()] }
    ])
    expect(await stores.operations.list('Uni', { offset: 0, limit: 10 })).toMatchObject({ totalRecords: 1 })
    expect(await stores.tenants.list()).toEqual(['Uni', 'college', 'diku'])
    await expect(stores.tenants.require('uni')).rejects.toMatchObject({ code: 'TENANT_UNKNOWN' })
    await expect(stores.tenants.require('nobody')).rejects.toMatchObject({ code: 'TENANT_UNKNOWN' })
  })

  test('is taken over once, by whoever comes first of many', async ({ java, stores }) => {
    const operation = await javaOperation(java, { status: 'DATA_MAPPING', total: 20, mapped: 10 }, [
      { status: 'DATA_MAPPING_COMPLETED', steps: [mapped()] },
      { status: 'NEW' }
    ])
    const others = await Promise.all([storesOn(java, 2), storesOn(java, 2), storesOn(java, 2)])
    const seen = await Promise.all(
      [stores, stores, ...others].map((each) => each.operations.get(operation.tenant, operation.id))
    )
    for (const each of seen) expect(each).toMatchObject({ status: 'DATA_MAPPING', mappedRecords: 0, totalRecords: 20 })
    expect(await armedRows(java)).toEqual([{ ...operation, stage: 'DATA_MAPPING' }])
    await Promise.all(others.map((each) => each.close()))
  })

  test('loses no table, column, type or row, and its module can still write', async ({ java, stores }) => {
    await java.query(javaJob('uni', { number: 1, name: 'remapping', updated: '2026-01-02', params: { operationId: 'x' } }))
    const shape = () =>
      java.query<{ it: string }>(
        `select table_name || '.' || column_name || ' ' || udt_name || ' ' || coalesce(column_default, '') as it
           from information_schema.columns where table_schema = '${UNI}' order by it`
      )
    const before = await shape()
    await stores.tenants.require('uni')
    expect(await shape()).toEqual(expect.arrayContaining(before))
    for (const table of ['batch_job_instance', 'batch_job_execution_params', 'databasechangelog', 'databasechangeloglock'])
      expect(await java.query(`select 1 from ${UNI}.${table}`)).toHaveLength(1)
    const late = await javaOperation(java, { status: 'NEW', total: 10 }, [{ status: 'NEW', steps: [begun('DATA_MAPPING')] }])
    expect(await stores.operations.get(late.tenant, late.id)).toMatchObject({ status: 'NEW', totalRecords: 10 })
  })

  test('can import a file, whose chunks have no record ids', async ({ java, stores }) => {
    await stores.tenants.require('uni')
    const columns = await java.query(
      `select is_nullable from information_schema.columns
        where table_schema = '${UNI}' and column_name in ('start_record_id', 'end_record_id')`
    )
    expect(columns).toEqual([{ is_nullable: 'YES' }, { is_nullable: 'YES' }])
  })
})

describe('an operation of the module replaced that has ended', () => {
  test('is shown with what each chunk has added, in the order of the records', async ({ java, stores }) => {
    const operation = await javaOperation(java, { status: 'DATA_SAVING_FAILED', total: 25, mapped: 25, saved: 13 }, [
      { status: 'DATA_SAVING_COMPLETED', steps: [mapped(), saved()] },
      { status: 'DATA_SAVING_FAILED', steps: [mapped(), saved(7)] },
      { status: 'DATA_SAVING_FAILED', records: 5, steps: [mapped(), saved(5)] }
    ])
    expect(sums(await reread(stores, operation as Operation))).toEqual({
      total: 25,
      mapped: 25,
      rejected: 0,
      saved: 13,
      drift: 0
    })
    const chunks = await chunksOf(stores, operation)
    expect(
      chunks.map(({ position, mappedRecords, savedRecords, open }) => [position, mappedRecords, savedRecords, open])
    ).toEqual([
      [0, 10, 10, false],
      [1, 10, 3, false],
      [2, 5, 0, false]
    ])
    expect(chunks[0]?.window).toEqual({ kind: 'ids', startRecordId: id(1), endRecordId: id(10) })
    // Under the contract's names, which are those of a first attempt.
    for await (const chunk of stores.audit.chunks('uni', operation.id))
      expect(chunk).toMatchObject({ epoch: 1, fileEpoch: 1 })
    expect(chunks[0]?.entities).toMatchObject({ key: `sub/operation/${operation.id}/${chunks[0]?.id}_entity`, sha256: '' })
    expect(await armedRows(java)).toEqual([])
  })

  test('is mapped again, all of it, part of it, or what has failed', async ({ java, stores }) => {
    const operation = await javaOperation(java, { status: 'DATA_MAPPING_FAILED', total: 40, mapped: 17 }, [
      { status: 'DATA_MAPPING_COMPLETED', steps: [mapped()] },
      { status: 'DATA_MAPPING_FAILED', steps: [mapped(3)] },
      { status: 'NEW' },
      { status: 'DATA_MAPPING_FAILED', steps: [mapped(10)] }
    ])
    const before = await reread(stores, operation)
    expect(sums(before)).toMatchObject({ total: 40, mapped: 17, rejected: 13 })
    await stores.control.retryMapping(operation.tenant, operation.id, null)
    expect(sums(await reread(stores, before))).toMatchObject({ mapped: 10, rejected: 0 })
    const after = await runOn(stores, before, 'DATA_MAPPING')
    expect(after).toMatchObject({
      status: 'DATA_MAPPING_COMPLETED',
      mappedRecords: 40,
      rejectedRecords: 0,
      totalRecords: 40
    })
    const [first] = await chunksOf(stores, operation)
    await stores.control.retryMapping(operation.tenant, operation.id, [first?.id ?? ''])
    expect(sums(await reread(stores, before))).toMatchObject({ mapped: 30 })
    expect(await runOn(stores, before, 'DATA_MAPPING')).toMatchObject({
      status: 'DATA_MAPPING_COMPLETED',
      mappedRecords: 40
    })
  })

  test('is saved by a PUT, with the file that was there', async ({ java, stores }) => {
    const operation = await javaOperation(java, { status: 'DATA_MAPPING_COMPLETED', total: 20, mapped: 20 }, [
      { status: 'DATA_MAPPING_COMPLETED', steps: [mapped()] },
      { status: 'DATA_MAPPING_COMPLETED', steps: [mapped()] }
    ])
    const before = await reread(stores, operation)
    expect(await stores.control.startSaving(operation.tenant, operation.id, null)).toMatchObject({ outcome: 'done' })
    await stores.publish.mark(armedOf(before, 'DATA_SAVING'), 1)
    const [claim] = await claimAll(stores, before)
    expect(claim?.saving).toMatchObject({
      file: { key: `sub/operation/${operation.id}/${claim?.chunkId}_entity` },
      recordCount: 10,
      publishEvents: true,
      outcomeUnknown: false
    })
    if (claim !== undefined) await stores.chunks.count(claim, savedTally(claim))
    expect(await runOn(stores, before, 'DATA_SAVING')).toMatchObject({ status: 'DATA_SAVING_COMPLETED', savedRecords: 20 })
    // What the mapping left is no loser of the saving.
    const buried = await java.query<{ keys: string[] }>('select keys from marc_migrations_control.tombstone')
    expect(buried.flatMap(({ keys }) => keys)).toEqual([])
  })

  test('is saved again where that failed, as it was told to publish events', async ({ java, stores }) => {
    const operation = await javaOperation(java, { status: 'DATA_SAVING_FAILED', total: 20, mapped: 20, saved: 13 }, [
      { status: 'DATA_SAVING_COMPLETED', steps: [mapped(), saved()] },
      { status: 'DATA_SAVING_FAILED', steps: [mapped(), { ...saved(7), reasons: 'sub/x_entity_errors' }] }
    ])
    const told = { operationId: operation.id, publishEvents: 'false' }
    const job = { name: 'saving', updated: '2026-01-02' }
    await java.query(javaJob('uni', { ...job, number: 1, params: { operationId: operation.id, publishEvents: 'true' } }))
    await java.query(javaJob('uni', { ...job, number: 2, params: told }))
    await java.query(javaJob('uni', { ...job, number: 3, params: { operationId: operation.id, entityType: 'AUTHORITY' } }))
    const before = await reread(stores, operation)
    expect(before.publishEvents).toBe(false)
    await stores.control.startSaving(operation.tenant, operation.id, null)
    expect(sums(await reread(stores, before))).toMatchObject({ saved: 10 })
    await stores.publish.mark(armedOf(before, 'DATA_SAVING'), 10)
    const claims = await claimAll(stores, before)
    expect(claims.map(({ saving }) => saving)).toMatchObject([
      { retryReasonsKey: 'sub/x_entity_errors', publishEvents: false }
    ])
    for (const claim of claims) await stores.chunks.count(claim, savedTally(claim))
    await stores.check.finalise(armedOf(before, 'DATA_SAVING'), LEASE_MS)
    expect(await reread(stores, before)).toMatchObject({ status: 'DATA_SAVING_COMPLETED', savedRecords: 20 })
  })

  test('is reported, and a report that its module did not end is built', async ({ java, stores }) => {
    const operation = await javaOperation(java, { status: 'DATA_MAPPING_FAILED', total: 20, mapped: 17 }, [
      { status: 'DATA_MAPPING_COMPLETED', steps: [mapped()] },
      { status: 'DATA_MAPPING_FAILED', steps: [{ ...mapped(3), reasons: 'null' }] }
    ])
    await java.query(`update ${UNI}.operation_error_report set status = 'IN_PROGRESS'`)
    await stores.tenants.require('uni')
    expect(await stores.reportBuilds.visit(1000, 10)).toEqual([{ tenant: 'uni', operationId: operation.id }])
    const build = await stores.reportBuilds.begin({ tenant: 'uni', operationId: operation.id })
    if (build === null) throw new Error('no build')
    for await (const step of stores.reportBuilds.failedSteps(build)) {
      expect(step).toMatchObject({ position: 1, stage: 'DATA_MAPPING', reasonsKey: null })
      await stores.reportBuilds.add(build, step, 0, [{ recordId: '<unknown>', message: 'x' }])
    }
    await stores.reportBuilds.finish(build, 'COMPLETED')
    expect(await stores.reports.status('uni', operation.id)).toBe('COMPLETED')
    expect(await stores.reports.errors('uni', operation.id, { offset: 0, limit: 10 })).toHaveLength(1)
  })

  test('without a report has one', async ({ java, stores }) => {
    const operation = await javaOperation(java, { status: 'DATA_MAPPING_COMPLETED', total: 0 }, [])
    await java.query(`delete from ${UNI}.operation_error_report`)
    expect(await stores.reports.status('uni', operation.id)).toBe('NOT_STARTED')
    expect(await java.query(`select status from ${UNI}.operation_error_report`)).toEqual([{ status: 'NOT_STARTED' }])
  })
})

describe('an operation that the module replaced has left running', () => {
  test('is mapped from the start when all its chunks are there, since its results went with the process', async ({
    java,
    stores
  }) => {
    const operation = await javaOperation(java, { status: 'DATA_MAPPING', total: 30, mapped: 17 }, [
      { status: 'DATA_MAPPING_COMPLETED', steps: [mapped()] },
      { status: 'DATA_MAPPING_FAILED', steps: [mapped(3)] },
      { status: 'NEW', steps: [begun('DATA_MAPPING')] }
    ])
    const before = await reread(stores, operation)
    expect(before).toMatchObject({ status: 'DATA_MAPPING', chunkingSealed: true, rulesHash: null })
    expect(sums(before)).toEqual({ total: 30, mapped: 0, rejected: 0, saved: 0, drift: 0 })
    expect(await armedRows(java)).toEqual([{ ...operation, stage: 'DATA_MAPPING' }])
    expect(await stores.armed.headers(armedOf(before))).toEqual({})
    expect(await runOn(stores, before, 'DATA_MAPPING')).toMatchObject({
      status: 'DATA_MAPPING_COMPLETED',
      mappedRecords: 30
    })
    // The step that was begun goes on; a chunk has one.
    expect(await java.query(`select 1 from ${UNI}.operation_chunk_step`)).toHaveLength(3)
    for (const chunk of await chunksOf(stores, operation)) expect(chunk).toMatchObject({ epoch: 1, mappedRecords: 10 })
  })

  test('is split on behind its last chunk when some are missing', async ({ java, stores }) => {
    const operation = await javaOperation(java, { status: 'DATA_MAPPING', total: 50 }, [
      { status: 'NEW' },
      { status: 'NEW' }
    ])
    const before = await reread(stores, operation)
    expect(before).toMatchObject({ chunkingSealed: false, totalRecords: 50 })
    const range = await stores.split.claimRange('uni', operation.id, 'splitter', LEASE_MS)
    expect(range).toMatchObject({ from: null, to: null, cursor: id(20), firstPosition: 2 })
    if (range === null) return
    const chunk = {
      id: randomUUID(),
      position: 2,
      recordCount: 5,
      window: { kind: 'ids', startRecordId: id(21), endRecordId: id(25) } as const
    }
    await stores.split.commitPage('uni', range, { chunks: [chunk], cursor: id(25), done: true }, LEASE_MS)
    const after = await runOn(stores, before, 'DATA_MAPPING')
    expect(after).toMatchObject({ status: 'DATA_MAPPING_COMPLETED', mappedRecords: 25, totalRecords: 25 })
    expect((await chunksOf(stores, operation)).map(({ position }) => position)).toEqual([0, 1, 2])
  })

  test('that had not begun begins', async ({ java, stores }) => {
    const operation = await javaOperation(java, { status: 'NEW', total: 50 }, [])
    const before = await reread(stores, operation)
    expect(before).toMatchObject({ status: 'NEW', chunkingSealed: false, startTimeMapping: null })
    expect(await armedRows(java)).toEqual([{ ...operation, stage: 'DATA_MAPPING' }])
    const range = await stores.split.claimRange('uni', operation.id, 'splitter', LEASE_MS)
    expect(range).toMatchObject({ cursor: null, firstPosition: 0 })
  })

  test('that had its chunks but not its start is mapped', async ({ java, stores }) => {
    const operation = await javaOperation(java, { status: 'NEW', total: 10 }, [{ status: 'NEW' }])
    const before = await reread(stores, operation)
    expect(before).toMatchObject({ status: 'DATA_MAPPING', chunkingSealed: true })
    expect(await runOn(stores, before, 'DATA_MAPPING')).toMatchObject({ status: 'DATA_MAPPING_COMPLETED' })
  })

  test('is saved on: what has a completed step stands, the rest is enlisted', async ({ java, stores }) => {
    const operation = await javaOperation(java, { status: 'DATA_SAVING', total: 40, mapped: 40, saved: 16 }, [
      { status: 'DATA_SAVING_COMPLETED', steps: [mapped(), saved()] },
      { status: 'DATA_SAVING_FAILED', steps: [mapped(), saved(4)] },
      { status: 'DATA_MAPPING_COMPLETED', steps: [mapped(), begun('DATA_SAVING')] },
      { status: 'DATA_MAPPING_COMPLETED', steps: [mapped()] }
    ])
    const before = await reread(stores, operation)
    expect(sums(before)).toMatchObject({ mapped: 40, saved: 10 })
    expect(await armedRows(java)).toEqual([{ ...operation, stage: 'DATA_SAVING' }])
    await stores.publish.mark(armedOf(before, 'DATA_SAVING'), 10)
    const claims = await claimAll(stores, before)
    expect(claims.map(({ position, saving }) => [position, saving?.outcomeUnknown])).toEqual([
      [1, false],
      [2, true],
      [3, false]
    ])
    for (const claim of claims) await stores.chunks.count(claim, savedTally(claim))
    await stores.check.finalise(armedOf(before, 'DATA_SAVING'), LEASE_MS)
    expect(await reread(stores, before)).toMatchObject({ status: 'DATA_SAVING_COMPLETED', savedRecords: 40 })
  })

  test('may be stopped, and goes on when it is asked for again', async ({ java, stores }) => {
    const operation = await javaOperation(java, { status: 'DATA_MAPPING', total: 10 }, [
      { status: 'DATA_MAPPING_COMPLETED', steps: [mapped()] }
    ])
    const before = await reread(stores, operation)
    await stores.check.stop(armedOf(before), { headers: 'missing' }, 'interrupted')
    expect(await reread(stores, before)).toMatchObject({ status: 'DATA_MAPPING_FAILED', stopReason: 'interrupted' })
    await stores.control.retryMapping('uni', operation.id, null)
    expect(await runOn(stores, before, 'DATA_MAPPING')).toMatchObject({
      status: 'DATA_MAPPING_COMPLETED',
      mappedRecords: 10
    })
  })
})
