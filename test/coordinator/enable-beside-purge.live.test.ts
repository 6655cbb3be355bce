import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { openStores } from '@marc-migrations/store'
import type pg from 'pg'
import { describe, expect } from 'vitest'
import type { TestDatabase } from '../support/postgres.ts'
import { silentLogger } from '../support/silent-logger.ts'
import { anApi, errorOf, test as base } from './api-fixture.ts'
import type { Answer, Api } from './api-fixture.ts'

const UNI = { 'x-okapi-tenant': 'uni' }
const SCHEMA = 'uni_mod_marc_migrations'
const GATE = 20_261_126

/** `gated`: another coordinator, which waits at a gate when it has made a part of the schema. */
const test = base.extend<{ gated: Api }>({
  gated: async ({ db }, use) => {
    const migrationsDir = await mkdtemp(join(tmpdir(), 'migrations-'))
    await cp(join(import.meta.dirname, '../../migrations'), migrationsDir, { recursive: true })
    await writeFile(join(migrationsDir, 'tenant/0002_a_gate.sql'), `select pg_advisory_lock_shared(${GATE});`)
    const stores = await openStores({ ...db, maxPoolSize: 4, subPath: 'test', migrationsDir, logger: silentLogger })
    const api = await anApi(stores)
    await use(api)
    await api.close()
    await stores.close()
    await rm(migrationsDir, { recursive: true })
  }
})

const enable = (api: Api) => api.post('/_/tenant', { module_to: 'mod-marc-migrations-1.0.0' }, UNI)
const purge = (api: Api) => api.post('/_/tenant', { module_from: 'mod-marc-migrations-1.0.0', purge: true }, UNI)

describe('a purge that takes the schema from under a tenant being enabled is answered 503, and another try enables it,', () => {
  test('between the schema and its first table', async ({ db, api }) => {
    await db.query(`create schema ${SCHEMA}`)
    await enableWhileHeld(db, api, [`drop schema ${SCHEMA} cascade`], 'commit')
  })

  test('where the tables were there already', async ({ db, api }) => {
    expect((await enable(api)).status).toBe(204)
    const gone = [`drop schema ${SCHEMA} cascade`, `delete from marc_migrations_control.tenant where id = 'uni'`]
    await enableWhileHeld(db, api, gone, 'commit')
  })

  test('between two migrations', async ({ db, gated }) => {
    await enableWhileHeld(db, gated, [`select pg_advisory_xact_lock(${GATE})`], 'commit', async () => {
      expect((await purge(gated)).status).toBe(204)
    })
  })

  test('between the last migration and the register', async ({ db, api }) => {
    const held = [`insert into marc_migrations_control.tenant (id) values ('uni')`]
    await enableWhileHeld(db, api, held, 'rollback', async () => {
      expect((await purge(api)).status).toBe(204)
    })
  })

  test('where both come to the same table first', async ({ db, api }) => {
    expect((await enable(api)).status).toBe(204)
    await db.query(`delete from marc_migrations_control.tenant where id = 'uni'`)
    const held = [`lock table ${SCHEMA}.operation in access exclusive mode`]
    await enableWhileHeld(db, api, held, 'commit', (holder) => holder.query(`drop schema ${SCHEMA} cascade`))
  })

  test('while another enabling has made a part of it anew', async ({ db, api, gated }) => {
    const gate = await db.client()
    let other: Promise<Answer> | undefined
    const held = await heldEnabling(
      db,
      api,
      [`insert into marc_migrations_control.tenant (id) values ('uni')`],
      'rollback',
      async () => {
        expect((await purge(api)).status).toBe(204)
        await gate.query(`select pg_advisory_lock(${GATE})`)
        other = enable(gated)
        await untilWaiting(db, 2)
      }
    )
    expectPurged(held)
    await gate.query(`select pg_advisory_unlock(${GATE})`)
    expect((await other)?.status).toBe(204)
    expect((await api.ask('GET', '/marc-migrations', { headers: UNI })).status).toBe(200)
  })
})

/** Holds the enabling where it waits for what an open transaction did, and lets the schema go before it may go on. */
async function enableWhileHeld(
  db: TestDatabase,
  api: Api,
  held: readonly string[],
  end: 'commit' | 'rollback',
  meanwhile?: (holder: pg.Client) => Promise<unknown>
): Promise<void> {
  expectPurged(await heldEnabling(db, api, held, end, meanwhile))
  expect((await enable(api)).status).toBe(204)
  expect((await api.ask('GET', '/marc-migrations', { headers: UNI })).status).toBe(200)
}

async function heldEnabling(
  db: TestDatabase,
  api: Api,
  held: readonly string[],
  end: 'commit' | 'rollback',
  meanwhile: (holder: pg.Client) => Promise<unknown> = () => Promise.resolve()
): Promise<Answer> {
  const holder = await db.client()
  await holder.query('begin')
  for (const statement of held) await holder.query(statement)
  const answer = enable(api)
  try {
    await untilWaiting(db)
    await meanwhile(holder)
  } finally {
    await holder.query(end)
  }
  return await answer
}

function expectPurged(answer: Answer): void {
  expect(answer.status, answer.text).toBe(503)
  expect(errorOf(answer)).toMatchObject({
    message: 'The tenant was purged while it was being enabled; try again',
    code: 'service_error',
    parameters: [
      { key: 'errorCode', value: 'TENANT_PURGED' },
      { key: 'tenant', value: 'uni' }
    ]
  })
}

async function untilWaiting(db: TestDatabase, many = 1): Promise<void> {
  const waiting = `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
  for (let tries = 0; (await db.query(waiting)).length < many; tries++) {
    if (tries === 1000) throw new Error('the enabling waits nowhere')
    await sleep(20)
  }
}
