import { randomUUID } from 'node:crypto'
import type { Operation, Stores } from '@marc-migrations/domain'
import { afterEach, describe, expect } from 'vitest'
import { claimOf, pages, recordSourceContract, whole } from '../contract/record-source.contract.ts'
import type { SourceUnderTest } from '../contract/record-source.contract.ts'
import { aDatabase } from '../support/postgres.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { createSourceTables, fillAuthorities, sourceIds } from '../support/source-records.ts'
import { aDraft, storesOn, test } from '../support/store-fixtures.ts'

const never = new AbortController().signal
const opened: { readonly db: TestDatabase; readonly stores: Stores }[] = []
afterEach(async () => {
  for (const { db, stores } of opened.splice(0)) {
    await stores.close()
    await db.close()
  }
})

async function aRemapping(stores: Stores): Promise<Operation> {
  return await stores.operations.start(aDraft({ operationType: 'remapping', source: null }))
}

async function underTest(records: number): Promise<SourceUnderTest> {
  const db = await aDatabase()
  const stores = await storesOn(db)
  opened.push({ db, stores })
  await createSourceTables(db, 'diku')
  await fillAuthorities(db, 'diku', records)
  const operation = await aRemapping(stores)
  return {
    source: stores.storedRecords,
    operation,
    recordIds: await sourceIds(db, 'diku'),
    readIds: async (chunk) => {
      const read = await stores.storedRecords.read(claimOf(operation, chunk), never)
      if (read.kind !== 'rows') throw new Error('stored records come as rows')
      return read.rows.map(({ marcId }) => marcId)
    }
  }
}

recordSourceContract('source record storage', underTest)

describe('source record storage', () => {
  test('chunks are cut per page of ids, as FOLIO cuts them: 81 records, fetch 30, chunk 10 make 9', async ({
    db,
    stores
  }) => {
    await createSourceTables(db, 'diku')
    await fillAuthorities(db, 'diku', 81)
    const cut = async (sizes: { recordsPerChunk: number; idsPerFetch: number }) =>
      (await pages(stores.storedRecords, await aRemapping(stores), whole(), { ...sizes, chunksPerPage: 50 }))
        .flatMap((page) => page.chunks)
        .map(({ recordCount }) => recordCount)

    expect(await cut({ recordsPerChunk: 10, idsPerFetch: 30 })).toEqual([10, 10, 10, 10, 10, 10, 10, 10, 1])
    expect(await cut({ recordsPerChunk: 10, idsPerFetch: 25 })).toEqual([10, 10, 5, 10, 10, 5, 10, 10, 5, 6])
  })

  test('the record text is not parsed on the way, and the version is the entity’s', async ({ db, stores }) => {
    await createSourceTables(db, 'diku')
    await fillAuthorities(db, 'diku', 3)
    const operation = await aRemapping(stores)
    const [page] = await pages(stores.storedRecords, operation, whole())
    const chunk = page?.chunks[0]
    if (chunk === undefined) throw new Error('no chunk')
    const read = await stores.storedRecords.read(claimOf(operation, chunk), never)
    const rows = read.kind === 'rows' ? read.rows : []
    expect(rows.map(({ state }) => state)).toEqual(['ACTUAL', 'ACTUAL', 'ACTUAL'])
    expect(rows.map(({ version }) => version).sort()).toEqual([0, 1, 2])
    for (const { marc } of rows) expect(marc).toMatch(/^\{"fields": /)
  })

  test('a record without a linked entity, or not ACTUAL, is skipped; one without content is not', async ({ db, stores }) => {
    await createSourceTables(db, 'diku')
    await fillAuthorities(db, 'diku', 4)
    const [unlinked, old, empty] = await sourceIds(db, 'diku')
    const srs = 'diku_mod_source_record_storage'
    await db.query(`update ${srs}.records_lb set external_id = $2 where id = $1`, [unlinked, randomUUID()])
    await db.query(`update ${srs}.records_lb set state = 'OLD' where id = $1`, [old])
    await db.query(`delete from ${srs}.marc_records_lb where id = $1`, [empty])
    const operation = await aRemapping(stores)
    expect(await stores.storedRecords.count(operation)).toBe(2)
    const [page] = await pages(stores.storedRecords, operation, whole())
    const chunk = page?.chunks[0]
    if (chunk === undefined) throw new Error('no chunk')
    const read = await stores.storedRecords.read(claimOf(operation, chunk), never)
    expect(read.kind === 'rows' ? read.rows.map(({ marcId, marc }) => [marcId, marc === null]) : []).toContainEqual([
      empty,
      true
    ])
  })

  test('without the storage modules the answer names the schemas that are missing', async ({ stores }) => {
    const operation = await aRemapping(stores)
    await expect(stores.storedRecords.count(operation)).rejects.toMatchObject({
      code: 'SOURCE_UNREADABLE',
      facts: { missing: expect.stringContaining('diku_mod_source_record_storage') as string }
    })
  })
})
