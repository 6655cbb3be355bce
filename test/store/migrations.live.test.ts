import { migrateControl, openStores } from '@marc-migrations/store'
import { describe, expect } from 'vitest'
import { aDatabase } from '../support/postgres.ts'
import { silentLogger } from '../support/silent-logger.ts'
import { aDraft, aPublishedOperation, claimOne, LEASE_MS, SCHEMA, storesOn, test } from '../support/store-fixtures.ts'

describe('the control schema', () => {
  test('ten processes at once on an empty database migrate it once and find one cluster id', async () => {
    const db = await aDatabase('empty')
    const runs = await Promise.all(Array.from({ length: 10 }, () => migrateControl({ ...db, logger: silentLogger })))
    expect(runs.filter(({ applied }) => applied.length > 0)).toHaveLength(1)
    expect(new Set(runs.map(({ clusterId }) => clusterId)).size).toBe(1)
    expect(await db.query('select id from marc_migrations_control.cluster')).toEqual([{ id: runs[0]?.clusterId }])
    await db.close()
  })

  test('a migrated database is left as it is', async ({ db }) => {
    const first = await migrateControl({ ...db, logger: silentLogger })
    expect(await migrateControl({ ...db, logger: silentLogger })).toEqual({ clusterId: first.clusterId, applied: [] })
  })

  test('a database that is not there is named by its settings and its address', async () => {
    const nowhere = { host: '127.0.0.1', port: 1, database: 'x', username: 'x', password: 'x', logger: silentLogger }
    await expect(migrateControl(nowhere)).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      facts: { host: '127.0.0.1', port: 1, setting: 'DB_HOST, DB_PORT', reason: 'ECONNREFUSED' }
    })
    await expect(openStores({ ...nowhere, maxPoolSize: 1, subPath: 'test' })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE'
    })
  })
})

describe('a tenant', () => {
  test('may be registered by several processes at once, and again', async ({ db, stores }) => {
    const others = await Promise.all([storesOn(db, 2), storesOn(db, 2)])
    await Promise.all([stores, ...others].map((each) => each.tenants.register('Uni_9')))
    expect(await stores.tenants.list()).toEqual(['Uni_9', 'college', 'diku'])
    await stores.tenants.require('Uni_9')
    await Promise.all(others.map((each) => each.close()))
  })

  test('has one spelling, since two would share a schema', async ({ stores }) => {
    await expect(stores.tenants.require('Diku')).rejects.toMatchObject({ code: 'TENANT_UNKNOWN' })
    await expect(stores.tenants.register('DIKU')).rejects.toMatchObject({ code: 'TENANT_UNKNOWN' })
    await expect(stores.operations.list('diKu', { offset: 0, limit: 1 })).rejects.toMatchObject({ code: 'TENANT_UNKNOWN' })
    expect(await stores.tenants.list()).toEqual(['college', 'diku'])
  })

  test('that is not registered is unknown to every method', async ({ stores }) => {
    await expect(stores.operations.start(aDraft({ tenant: 'nobody' }))).rejects.toMatchObject({ code: 'TENANT_UNKNOWN' })
    await expect(stores.sourceFiles.list('nobody')).rejects.toMatchObject({ code: 'TENANT_UNKNOWN' })
  })

  test.for(['', 'a"b', "x'; drop schema public", 'a b', 'Ω', 'a'.repeat(32), '../x', 'a.b'])(
    'whose id is %j reaches no statement',
    async (tenant, { stores }) => {
      await expect(stores.tenants.register(tenant)).rejects.toMatchObject({ code: 'TENANT_MALFORMED' })
      await expect(stores.tenants.require(tenant)).rejects.toMatchObject({ code: 'TENANT_MALFORMED' })
      await expect(stores.operations.get(tenant, 'x')).rejects.toMatchObject({ code: 'TENANT_MALFORMED' })
    }
  )
})

describe('the tables of the module we replace', () => {
  const JAVA_SCHEMA = `
    create schema uni_mod_marc_migrations; set search_path to uni_mod_marc_migrations;
    create type operationstatus as enum ('NEW', 'DATA_MAPPING', 'DATA_MAPPING_COMPLETED', 'DATA_MAPPING_FAILED',
      'DATA_SAVING', 'DATA_SAVING_COMPLETED', 'DATA_SAVING_FAILED');
    create table operation (id uuid primary key, user_id uuid not null, entity_type varchar(20) not null,
      operation_type varchar(20) not null, status operationstatus not null, total_num_of_records int not null,
      mapped_num_of_records int not null, saved_num_of_records int not null, start_time_mapping timestamp,
      end_time_mapping timestamp, start_time_saving timestamp, end_time_saving timestamp);
    insert into operation values ('11111111-1111-1111-1111-111111111111', '22222222-2222-2222-2222-222222222222',
      'AUTHORITY', 'REMAPPING', 'DATA_MAPPING_COMPLETED', 5, 5, 0, '2026-01-02T03:04:05.123456', null, null, null);
    reset search_path`

  test('are taken over with what is in them', async ({ db, stores }) => {
    await db.query(JAVA_SCHEMA)
    await stores.tenants.register('uni')
    const { operations } = await stores.operations.list('uni', { offset: 0, limit: 10 })
    expect(operations).toMatchObject([
      {
        entityType: 'authority',
        operationType: 'remapping',
        totalRecords: 5,
        rejectedRecords: 0,
        control: 'run',
        source: null,
        startTimeMapping: new Date('2026-01-02T03:04:05.123Z')
      }
    ])
  })

  test('still take its rows after we have migrated them', async ({ db }) => {
    await db.query(`insert into ${SCHEMA}.operation
      (id, user_id, entity_type, operation_type, status, total_num_of_records, mapped_num_of_records, saved_num_of_records)
      values ('11111111-1111-1111-1111-111111111111', gen_random_uuid(), 'AUTHORITY', 'REMAPPING', 'NEW', 1, 0, 0)`)
    await db.query(`insert into ${SCHEMA}.operation_chunk (id, operation_id, status, num_of_records)
      values (gen_random_uuid(), '11111111-1111-1111-1111-111111111111', 'NEW', 1)`)
    expect(await db.query(`select next_attempt_at, epoch from ${SCHEMA}.operation_chunk`)).toEqual([
      { next_attempt_at: null, epoch: 0 }
    ])
  })

  test("a report's times follow its status", async ({ db, stores }) => {
    await stores.operations.start(aDraft())
    const status = (to: string) =>
      db.query(`update ${SCHEMA}.operation_error_report set status = '${to}'
      returning started_at is not null as started, finished_at is not null as finished`)
    expect(await status('IN_PROGRESS')).toEqual([{ started: true, finished: false }])
    expect(await status('ERROR')).toEqual([{ started: true, finished: false }])
    expect(await status('COMPLETED')).toEqual([{ started: true, finished: true }])
  })
})

describe('the tables', () => {
  test('claims and renewals touch no index', async ({ db, stores }) => {
    const operation = await aPublishedOperation(stores, { chunks: 20 })
    const client = await db.client()
    const hot = async () => {
      await client.query('select pg_stat_force_next_flush()')
      const { rows } = await client.query<{ hot: string; all: string }>(
        `select n_tup_hot_upd as hot, n_tup_upd as all from pg_stat_user_tables
          where schemaname = '${SCHEMA}' and relname = 'operation_chunk'`
      )
      return { hot: Number(rows[0]?.hot), all: Number(rows[0]?.all) }
    }
    // Another session's counts arrive when it has been idle for a while.
    const settled = async () => {
      await new Promise((resolve) => setTimeout(resolve, 1500))
      await stores.ping()
      return await hot()
    }
    const before = await settled()
    const claim = await claimOne(stores, operation)
    for (let i = 0; i < 10; i++) expect(await stores.chunks.renew(claim, LEASE_MS)).toBe(true)
    const after = await settled()
    expect({ hot: after.hot - before.hot, all: after.all - before.all }).toEqual({ hot: 11, all: 11 })
  })
})
