import type { FailedStep, Operation, ReportBuild, Stores } from '@marc-migrations/domain'
import { describe, expect } from 'vitest'
import type { TestDatabase } from '../support/postgres.ts'
import {
  aMappedOperation,
  aPublishedOperation,
  armedOf,
  claimAll,
  LEASE_MS,
  mappedTally,
  reread,
  savedTally,
  SCHEMA,
  storesOn,
  test
} from '../support/store-fixtures.ts'
import { aParty, someoneWaits } from '../support/store-steps.ts'
import { requestReport } from '../../libs/store/src/reports/request-report.ts'
import { addErrors } from '../../libs/store/src/reports/add-errors.ts'

const ARMED = 'marc_migrations_control.armed_check'
const reason = (n: number) => ({ recordId: `00000000-0000-0000-0000-${String(n).padStart(12, '0')}`, message: `why ${n}` })

/** Ended with `failed` chunks whose first record each was rejected. */
async function aFailedOperation(stores: Stores, chunks = 3, failed = 2): Promise<Operation> {
  const operation = await aPublishedOperation(stores, { chunks })
  const claims = await claimAll(stores, operation)
  for (const [i, claim] of claims.entries())
    await stores.chunks.count(claim, i < failed ? mappedTally(claim, claim.recordCount - 1, 1) : mappedTally(claim))
  await stores.check.finalise(armedOf(operation), LEASE_MS)
  return await reread(stores, operation)
}

async function begun(stores: Stores, { tenant, id }: Operation): Promise<ReportBuild> {
  const build = await stores.reportBuilds.begin({ tenant, operationId: id })
  if (build === null) throw new Error('no build')
  return build
}

async function stepsOf(stores: Stores, build: ReportBuild): Promise<FailedStep[]> {
  const steps: FailedStep[] = []
  for await (const step of stores.reportBuilds.failedSteps(build)) steps.push(step)
  return steps
}

const messages = async (stores: Stores, { tenant, id }: Operation, offset = 0, limit = 100) =>
  (await stores.reports.errors(tenant, id, { offset, limit })).map(({ message }) => message)

const armedRows = (db: TestDatabase) =>
  db.query(`select stage, next_report_at is not null as report, next_check_at = 'infinity' as resting from ${ARMED}`)

describe('a report', () => {
  test('is not started with its operation, and unknown without one', async ({ stores }) => {
    const { tenant, id } = await aMappedOperation(stores)
    expect(await stores.reports.status(tenant, id)).toBe('NOT_STARTED')
    expect(await stores.reports.status(tenant, crypto.randomUUID())).toBeNull()
    expect(await stores.reports.request(tenant, crypto.randomUUID())).toBe(false)
    expect(await stores.reports.errors(tenant, crypto.randomUUID(), { offset: 0, limit: 10 })).toEqual([])
    expect(await stores.reports.status('college', id)).toBeNull()
  })

  test('of a mapping without rejects is complete at once, and nothing is armed', async ({ db, stores }) => {
    const { tenant, id } = await aMappedOperation(stores)
    expect(await stores.reports.request(tenant, id)).toBe(true)
    expect(await stores.reports.status(tenant, id)).toBe('COMPLETED')
    expect(await armedRows(db)).toEqual([])
    expect(await db.query(`select started_at <= finished_at as timed from ${SCHEMA}.operation_error_report`)).toEqual([
      { timed: true }
    ])
  })

  test('of a failed mapping is built: begun, steps in source order, rows, an end', async ({ db, stores }) => {
    const operation = await aFailedOperation(stores)
    const { tenant, id } = operation
    expect(await stores.reports.request(tenant, id)).toBe(true)
    expect(await armedRows(db)).toEqual([{ stage: 'REPORT', report: true, resting: true }])
    expect(await stores.reportBuilds.visit(60_000, 10)).toEqual([{ tenant, operationId: id }])
    expect(await stores.reportBuilds.visit(60_000, 10)).toEqual([])
    const build = await begun(stores, operation)
    const steps = await stepsOf(stores, build)
    expect(steps.map(({ position, stage }) => ({ position, stage }))).toEqual([
      { position: 0, stage: 'DATA_MAPPING' },
      { position: 1, stage: 'DATA_MAPPING' }
    ])
    const [first, second] = steps
    if (first === undefined || second === undefined) throw new Error('two steps failed')
    expect(first.reasonsKey).toBe(`${first.chunkId}_e1_error`)
    // Written in another order than they are read in.
    expect(await stores.reportBuilds.add(build, second, 0, [reason(4)])).toBe(true)
    expect(await stores.reportBuilds.add(build, first, 2, [reason(2), reason(3)])).toBe(true)
    expect(await stores.reportBuilds.add(build, first, 0, [reason(0), { recordId: '<unknown>', message: 'nul \0' }])).toBe(
      true
    )
    expect(await stores.reports.status(tenant, id)).toBe('IN_PROGRESS')
    await stores.reportBuilds.finish(build, 'COMPLETED')
    expect(await stores.reports.status(tenant, id)).toBe('COMPLETED')
    expect(await armedRows(db)).toEqual([])
    expect(await messages(stores, operation)).toEqual(['why 0', 'nul  ', 'why 2', 'why 3', 'why 4'])
    expect(await messages(stores, operation, 2, 2)).toEqual(['why 2', 'why 3'])
    expect((await stores.reports.errors(tenant, id, { offset: 1, limit: 1 }))[0]).toEqual({
      operationId: id,
      chunkId: first.chunkId,
      stage: 'DATA_MAPPING',
      chunkStatus: 'FAILED',
      recordId: '<unknown>',
      message: 'nul  '
    })
  })

  test('goes through its failed steps page by page, and none twice', async ({ stores }) => {
    const operation = await aFailedOperation(stores, 1000, 990)
    await stores.reports.request(operation.tenant, operation.id)
    const steps = await stepsOf(stores, await begun(stores, operation))
    expect(steps.map(({ position }) => position)).toEqual(Array.from({ length: 990 }, (_, i) => i))
  })

  test('rows written again after an unheard answer stand once', async ({ stores }) => {
    const operation = await aFailedOperation(stores)
    await stores.reports.request(operation.tenant, operation.id)
    const build = await begun(stores, operation)
    const [step] = await stepsOf(stores, build)
    if (step === undefined) throw new Error('no step')
    for (let i = 0; i < 2; i++) expect(await stores.reportBuilds.add(build, step, 0, [reason(0), reason(1)])).toBe(true)
    expect(await messages(stores, operation)).toEqual(['why 0', 'why 1'])
  })

  test('that is taken over begins anew, and the one who had it can write no more', async ({ db, stores }) => {
    const operation = await aFailedOperation(stores)
    const { tenant, id } = operation
    await stores.reports.request(tenant, id)
    const dead = await begun(stores, operation)
    const [step] = await stepsOf(stores, dead)
    if (step === undefined) throw new Error('no step')
    await stores.reportBuilds.add(dead, step, 0, [reason(0)])
    const other = await storesOn(db, 2)
    const build = await begun(other, operation)
    await other.close()
    expect(await messages(stores, operation)).toEqual([])
    expect(await stores.reportBuilds.add(dead, step, 0, [reason(0)])).toBe(false)
    await stores.reportBuilds.finish(dead, 'ERROR')
    expect(await stores.reports.status(tenant, id)).toBe('IN_PROGRESS')
    expect(await stores.reportBuilds.add(build, step, 0, [reason(1)])).toBe(true)
    await stores.reportBuilds.finish(build, 'ERROR')
    expect(await stores.reports.status(tenant, id)).toBe('ERROR')
    expect(await messages(stores, operation)).toEqual(['why 1'])
  })

  test('asked for again replaces the one before, done or running', async ({ stores }) => {
    const operation = await aFailedOperation(stores)
    const { tenant, id } = operation
    for (let i = 0; i < 2; i++) {
      await stores.reports.request(tenant, id)
      const build = await begun(stores, operation)
      const [step] = await stepsOf(stores, build)
      if (step === undefined) throw new Error('no step')
      await stores.reportBuilds.add(build, step, 0, [reason(i)])
      await stores.reports.request(tenant, id)
      expect(await messages(stores, operation)).toEqual([])
      expect(await stores.reportBuilds.add(build, step, 0, [reason(i)])).toBe(false)
    }
  })

  test('waits for rows that are just being written, and deletes them', async ({ db, stores }) => {
    const operation = await aFailedOperation(stores)
    const { tenant, id } = operation
    await stores.reports.request(tenant, id)
    const build = await begun(stores, operation)
    const [step] = await stepsOf(stores, build)
    if (step === undefined) throw new Error('no step')
    const writer = await aParty(db)
    const held = writer.stopBefore('insert into')
    const writing = addErrors(writer.context, build, step, 0, [reason(0)])
    await held
    const asker = await aParty(db)
    const asking = requestReport(asker.context, tenant, id)
    await someoneWaits(db)
    writer.goOn()
    expect(await writing).toBe(true)
    expect(await asking).toBe(true)
    expect(await messages(stores, operation)).toEqual([])
  })

  test('of a schema that is gone leaves the list', async ({ db, stores }) => {
    const operation = await aFailedOperation(stores)
    await stores.reports.request(operation.tenant, operation.id)
    await db.query(`drop schema ${SCHEMA} cascade`)
    expect(await stores.reportBuilds.begin({ tenant: operation.tenant, operationId: operation.id })).toBeNull()
    expect(await armedRows(db)).toEqual([])
  })

  test('shows a file name that is the word null as none', async ({ db, stores }) => {
    const operation = await aFailedOperation(stores, 2, 1)
    await db.query(`update ${SCHEMA}.operation_chunk_step set error_chunk_file_name = 'null'`)
    await stores.reports.request(operation.tenant, operation.id)
    expect((await stepsOf(stores, await begun(stores, operation))).map(({ reasonsKey }) => reasonsKey)).toEqual([null])
  })
})

describe('the armed row of a report', () => {
  test('is that of the stage while one runs, and stays when the stage ends', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 2 })
    const [first, second] = await claimAll(stores, operation)
    if (first === undefined || second === undefined) throw new Error('two chunks')
    await stores.chunks.count(first, mappedTally(first, 9, 1))
    await stores.reports.request(operation.tenant, operation.id)
    expect(await armedRows(db)).toEqual([{ stage: 'DATA_MAPPING', report: true, resting: false }])
    const build = await begun(stores, operation)
    await stores.chunks.count(second, mappedTally(second))
    expect(await stores.check.finalise(armedOf(operation), LEASE_MS)).toMatchObject({ status: 'DATA_MAPPING_FAILED' })
    expect(await armedRows(db)).toEqual([{ stage: 'REPORT', report: true, resting: true }])
    for (const round of ['split', 'publish', 'check', 'sweep'] as const)
      expect(await stores.armed.visit(round, 1000, 10)).toEqual([])
    expect(await stores.audit.sums(operation.tenant, operation.id)).toMatchObject({ armed: false })
    await stores.reportBuilds.finish(build, 'COMPLETED')
    expect(await armedRows(db)).toEqual([])
  })

  test('stays when the operation is cancelled', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 2 })
    const [first] = await claimAll(stores, operation)
    if (first === undefined) throw new Error('no chunk')
    await stores.chunks.count(first, mappedTally(first, 9, 1))
    await stores.reports.request(operation.tenant, operation.id)
    await stores.control.cancel(operation.tenant, operation.id, 'cancelled')
    expect(await armedRows(db)).toEqual([{ stage: 'REPORT', report: true, resting: true }])
    expect(await stores.chunks.waiting(10)).toEqual([])
    expect(await stores.publish.reserve(armedOf(operation), { outstanding: 0, due: 5 })).toBe(0)
  })

  test('a report is left alone for as long as it is held, and a finished one stays finished', async ({ db, stores }) => {
    const operation = await aFailedOperation(stores)
    const report = { tenant: operation.tenant, operationId: operation.id }
    await stores.reports.request(operation.tenant, operation.id)
    await stores.reportBuilds.hold(report, 60_000)
    expect(await stores.reportBuilds.visit(1000, 10)).toEqual([])
    await stores.reportBuilds.hold(report, 0)
    expect(await stores.reportBuilds.visit(1000, 10)).toEqual([report])
    await stores.reportBuilds.finish(await begun(stores, operation), 'COMPLETED')
    await stores.reportBuilds.hold(report, 0)
    expect(await armedRows(db)).toEqual([])
  })

  test('a finished report leaves the running stage armed', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 2 })
    const [first] = await claimAll(stores, operation)
    if (first === undefined) throw new Error('no chunk')
    await stores.chunks.count(first, mappedTally(first, 9, 1))
    await stores.reports.request(operation.tenant, operation.id)
    await stores.reportBuilds.finish(await begun(stores, operation), 'COMPLETED')
    expect(await armedRows(db)).toEqual([{ stage: 'DATA_MAPPING', report: false, resting: false }])
  })

  test('a retry takes it over and ends the report', async ({ db, stores }) => {
    const operation = await aFailedOperation(stores)
    const { tenant, id } = operation
    await stores.reports.request(tenant, id)
    const build = await begun(stores, operation)
    const [step] = await stepsOf(stores, build)
    if (step === undefined) throw new Error('no step')
    await stores.reportBuilds.add(build, step, 0, [reason(0)])
    await stores.control.retryMapping(tenant, id, null)
    expect(await armedRows(db)).toEqual([{ stage: 'DATA_MAPPING', report: false, resting: false }])
    expect(await stores.reports.status(tenant, id)).toBe('NOT_STARTED')
    expect(await messages(stores, operation)).toEqual([])
    expect(await stores.reportBuilds.add(build, step, 0, [reason(0)])).toBe(false)
    expect(await stores.reportBuilds.begin(build)).toBeNull()
    expect(await armedRows(db)).toHaveLength(1)
  })

  test('a PUT takes it over and lets the report go on, a repeated saving ends it', async ({ db, stores }) => {
    const operation = await aFailedOperation(stores)
    const { tenant, id } = operation
    await stores.reports.request(tenant, id)
    const build = await begun(stores, operation)
    const [step] = await stepsOf(stores, build)
    if (step === undefined) throw new Error('no step')
    expect(await stores.control.startSaving(tenant, id, null, { allowRejected: true })).toMatchObject({ outcome: 'done' })
    expect(await armedRows(db)).toEqual([{ stage: 'DATA_SAVING', report: true, resting: false }])
    expect(await stores.reportBuilds.add(build, step, 0, [reason(0)])).toBe(true)
    await stores.publish.mark(armedOf(operation, 'DATA_SAVING'), 10)
    for (const claim of await claimAll(stores, await reread(stores, operation)))
      await stores.chunks.count(claim, savedTally(claim, 0, 10))
    expect(await stores.check.finalise(armedOf(operation, 'DATA_SAVING'), LEASE_MS)).toMatchObject({
      status: 'DATA_SAVING_FAILED'
    })
    expect(await armedRows(db)).toEqual([{ stage: 'REPORT', report: true, resting: true }])
    // Both stages are reported, each by its own step.
    expect((await stepsOf(stores, build)).map(({ stage }) => stage).sort()).toEqual([
      ...Array.from({ length: 2 }, () => 'DATA_MAPPING'),
      ...Array.from({ length: 3 }, () => 'DATA_SAVING')
    ])
    await stores.control.startSaving(tenant, id, null)
    expect(await armedRows(db)).toEqual([{ stage: 'DATA_SAVING', report: false, resting: false }])
    expect(await stores.reportBuilds.add(build, step, 1, [reason(1)])).toBe(false)
    expect(await stores.reports.status(tenant, id)).toBe('NOT_STARTED')
  })
})
