import { describe, expect } from 'vitest'
import { claimChunk } from '../../libs/store/src/chunks/claim-chunk.ts'
import { javaSchema } from '../support/java-tables.ts'
import type { TestDatabase } from '../support/postgres.ts'
import {
  aDraft,
  aMappedOperation,
  aPublishedOperation,
  armedOf,
  aSavingOperation,
  claimOne,
  hintsOf,
  LEASE_MS,
  mappedTally,
  SCHEMA,
  storesOn,
  test
} from '../support/store-fixtures.ts'
import { aParty } from '../support/store-steps.ts'

const CONTROL = 'marc_migrations_control'
const unknown = { code: 'TENANT_UNKNOWN' }

const schemas = async (db: TestDatabase) =>
  (
    await db.query<{ nspname: string }>(
      `select nspname from pg_namespace where nspname like '%mod_marc_migrations' order by 1`
    )
  ).map(({ nspname }) => nspname)

const rowsOf = async (db: TestDatabase, tenant: string) => {
  const rows: string[] = []
  for (const table of ['armed_check', 'stage_secret', 'save_lock'])
    if ((await db.query(`select 1 from ${CONTROL}.${table} where tenant = $1`, [tenant])).length > 0) rows.push(table)
  if ((await db.query(`select 1 from ${CONTROL}.tenant where id = $1`, [tenant])).length > 0) rows.push('tenant')
  return rows
}

describe('a purge', () => {
  test('takes the schema and everything the control schema holds, of this tenant alone', async ({ db, stores }) => {
    const mapped = await aMappedOperation(stores)
    const saving = await aSavingOperation(stores)
    const running = await aPublishedOperation(stores, { headers: { 'x-okapi-token': 'secret' } })
    const other = await aPublishedOperation(stores, { tenant: 'college' })
    await stores.sourceFiles.point('diku', {
      name: 'names.mrc',
      objectKey: 'test/source/diku/names.mrc/1',
      etag: '"1"',
      lengthBytes: 1,
      format: 'iso2709'
    })
    await stores.tenants.purge('diku', true)
    expect(await schemas(db)).toEqual(['college_mod_marc_migrations'])
    expect(await rowsOf(db, 'diku')).toEqual([])
    expect(await stores.tenants.list()).toEqual(['college'])
    expect(await stores.operations.get('college', other.id)).toMatchObject({ status: 'DATA_MAPPING' })
    const keys = (await db.query<{ keys: string[] }>(`select keys from ${CONTROL}.tombstone`)).flatMap((row) => row.keys)
    const prefixes = [mapped, saving, running].map(({ id }) => `test/operation/${id}/`)
    expect(keys).toEqual(expect.arrayContaining([...prefixes, 'test/source/diku/names.mrc/1', 'source/1']))
  })

  test('leaves the objects where they are when told so', async ({ db, stores }) => {
    await aMappedOperation(stores)
    await stores.tenants.purge('diku', false)
    expect(await db.query(`select 1 from ${CONTROL}.tombstone`)).toEqual([])
  })

  test('may be repeated, also for a tenant that never was', async ({ db, stores }) => {
    for (let i = 0; i < 2; i++) await stores.tenants.purge('diku', true)
    await stores.tenants.purge('nobody', true)
    expect(await schemas(db)).toEqual(['college_mod_marc_migrations'])
  })

  test('takes a schema that the module replaced has left and nobody has seen', async ({ db, stores }) => {
    await db.query(javaSchema('uni'))
    await db.query(`insert into uni_mod_marc_migrations.operation values
      ('11111111-1111-1111-1111-111111111111', gen_random_uuid(), 'AUTHORITY', 'REMAPPING', 'DATA_MAPPING', 5, 5, 0)`)
    await stores.tenants.purge('uni', true)
    expect(await schemas(db)).toEqual(['college_mod_marc_migrations', SCHEMA])
    const keys = (await db.query<{ keys: string[] }>(`select keys from ${CONTROL}.tombstone`)).flatMap((row) => row.keys)
    expect(keys).toEqual(['test/operation/11111111-1111-1111-1111-111111111111/'])
  })

  test('of another spelling is refused', async ({ db, stores }) => {
    await expect(stores.tenants.purge('Diku', true)).rejects.toMatchObject(unknown)
    expect(await schemas(db)).toContain(SCHEMA)
  })

  test('is known to this node at once, and what another node does meanwhile finds no tenant', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 2 })
    const [first, second] = await hintsOf(stores, operation)
    if (first === undefined || second === undefined) throw new Error('two chunks')
    const other = await storesOn(db, 4)
    const claim = await other.chunks.claim(first, 'worker', LEASE_MS)
    if (claim === null) throw new Error('no claim')
    await stores.tenants.purge('diku', true)
    const all = [
      () => stores.tenants.require('diku'),
      () => stores.operations.get('diku', operation.id),
      () => other.operations.start(aDraft()),
      () => other.operations.get('diku', operation.id),
      () => other.chunks.claim(second, 'worker', LEASE_MS),
      () => other.chunks.renew(claim, LEASE_MS),
      () => other.chunks.count(claim, mappedTally(claim)),
      () => other.publish.mark(armedOf(operation), 10),
      () => other.control.retryMapping('diku', operation.id, null),
      () => other.reports.request('diku', operation.id),
      () => other.sourceFiles.list('diku'),
      () => other.storedRecords.count({ ...operation, source: null })
    ]
    for (const act of all) await expect(act()).rejects.toMatchObject(unknown)
    expect(await other.check.finalise(armedOf(operation), LEASE_MS)).toEqual({ outcome: 'gone' })
    expect(await other.chunks.waiting(10)).toEqual([])
    expect(await schemas(db)).toEqual(['college_mod_marc_migrations'])
    expect(await rowsOf(db, 'diku')).toEqual([])
    await other.close()
  })

  test('ends beside claims that work in the schema', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 1 })
    const [hint] = await hintsOf(stores, operation)
    if (hint === undefined) throw new Error('no chunk')
    const party = await aParty(db)
    await party.begin()
    expect(await claimChunk(party.context, hint, 'worker', LEASE_MS)).not.toBeNull()
    const purging = stores.tenants.purge('diku', true)
    await party.commit()
    await purging
    expect(await schemas(db)).toEqual(['college_mod_marc_migrations'])
  })

  test('makes room for the same tenant again', async ({ db, stores }) => {
    const before = await aMappedOperation(stores)
    await stores.tenants.purge('diku', true)
    await stores.tenants.register('diku')
    expect(await stores.operations.list('diku', { offset: 0, limit: 10 })).toEqual({ operations: [], totalRecords: 0 })
    const operation = await aPublishedOperation(stores)
    await claimOne(stores, operation)
    expect(await schemas(db)).toContain(SCHEMA)
    // What is still to be deleted is nothing of what came after.
    const keys = (await db.query<{ keys: string[] }>(`select keys from ${CONTROL}.tombstone`)).flatMap((row) => row.keys)
    expect(keys).toContain(`test/operation/${before.id}/`)
    expect(keys.filter((key) => key.endsWith('/') && !key.includes(before.id))).toEqual([])
  })
})
