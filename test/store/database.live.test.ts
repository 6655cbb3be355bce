import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { once } from 'node:events'
import { openStores } from '@marc-migrations/store'
import { describe, expect } from 'vitest'
import { Database } from '../../libs/store/src/database/database.ts'
import type { Transaction } from '../../libs/store/src/database/database.ts'
import { aDatabase } from '../support/postgres.ts'
import { silentLogger } from '../support/silent-logger.ts'
import { aProxy } from '../support/store-proxy.ts'
import { aDraft, reread, storesOn, test } from '../support/store-fixtures.ts'
import type { TestDatabase } from '../support/postgres.ts'

const SHORT = { connectMs: 1000, queryMs: 15_000, statementMs: 14_000, lockMs: 5_000, idleInTransactionMs: 30_000 }

const terminateAll = (db: TestDatabase) =>
  db.query(`select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name = 'marc-migrations'`)

describe('a connection that is lost', () => {
  test('while it is idle ends nothing; the next statement has a fresh one', async ({ db, stores }) => {
    await Promise.all([stores.ping(), stores.ping(), stores.ping()])
    await terminateAll(db)
    expect(await stores.tenants.list()).toEqual(['college', 'diku'])
  })

  test('in silence costs one statement its time; done again it has a fresh one, not the next that is lost', async ({
    db
  }) => {
    const proxy = await aProxy(db)
    const at = { ...db, host: '127.0.0.1', port: proxy.port }
    const database = new Database({ ...at, maxPoolSize: 5, logger: silentLogger }, { ...SHORT, queryMs: 300 })
    await Promise.all(Array.from({ length: 5 }, () => database.rows('select pg_sleep(0.1)')))
    proxy.muteAll()
    const began = performance.now()
    expect(await database.again((on) => on.rows('select 1 as one'))).toEqual([{ one: 1 }])
    expect(performance.now() - began).toBeGreaterThan(290)
    await database.close()
    proxy.close()
  })

  test('while it is being closed ends nothing either', async ({ db }) => {
    const proxy = await aProxy(db, { lastWord: true })
    const at = { ...db, host: '127.0.0.1', port: proxy.port }
    const database = new Database({ ...at, maxPoolSize: 2, logger: silentLogger }, { ...SHORT, queryMs: 200 })
    await Promise.all([1, 2].map(() => database.rows('select pg_sleep(0.1)')))
    await expect(database.rows('select pg_sleep(0.5)')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
    // The other one is not trusted any more, and has its last word while it is closed.
    expect(await database.rows('select 1 as one')).toEqual([{ one: 1 }])
    await new Promise((resolve) => setTimeout(resolve, 300))
    await database.close()
    proxy.close()
  })

  test('in a transaction is an outage, and nothing of it stays', async ({ db, stores }) => {
    const draft = aDraft()
    const blocker = await db.client()
    await blocker.query('begin; lock table marc_migrations_control.armed_check')
    const starting = stores.operations.start(draft)
    const failed = expect(starting).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      facts: { host: db.host, port: db.port }
    })
    await waiting(db)
    await terminateAll(db)
    await failed
    await blocker.query('rollback')
    expect(await stores.operations.get('diku', draft.id)).toBeNull()
    expect(await stores.operations.start(draft)).toMatchObject({ id: draft.id })
  })

  test('again and again, under load, ends no process and loses no write', async ({ db }) => {
    const stores = await storesOn(db, 4)
    const until = performance.now() + 1500
    const started: string[] = []
    const work = async () => {
      while (performance.now() < until) {
        const draft = aDraft()
        await stores.operations.start(draft).then(
          () => started.push(draft.id),
          (error: { code?: string }) => expect(error.code).toBe('STORE_UNAVAILABLE')
        )
      }
    }
    const cutting = (async () => {
      while (performance.now() < until) {
        await terminateAll(db)
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    })()
    await Promise.all([work(), work(), work(), work(), cutting])
    expect(started.length).toBeGreaterThan(0)
    for (const id of started) expect((await reread(stores, { tenant: 'diku', id })).id).toBe(id)
    await stores.close()
  })
})

const backend = async (database: Database) =>
  (await database.rows<{ pid: number }>('select pg_backend_pid() as pid'))[0]?.pid

test('a statement that waits too long for a lock is an outage, and its session is used again', async ({ db }) => {
  const database = new Database({ ...db, maxPoolSize: 1, logger: silentLogger }, { ...SHORT, lockMs: 200 })
  const before = await backend(database)
  const blocker = await db.client()
  await blocker.query('begin; lock table marc_migrations_control.settings')
  await expect(database.rows('select 1 from marc_migrations_control.settings')).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    facts: { reason: '55P03' }
  })
  expect(await backend(database)).toBe(before)
  await blocker.query('rollback')
  await database.close()
})

test.for([
  ['the server gave up', { ...SHORT, statementMs: 200 }],
  ['the server did not answer', { ...SHORT, queryMs: 200 }]
] as const)('a statement that %s is an outage, and its session is never used again', async ([, limits], { db }) => {
  const database = new Database({ ...db, maxPoolSize: 1, logger: silentLogger }, limits)
  const before = await backend(database)
  await expect(database.rows('select pg_sleep(1)')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  await expect(database.transaction((on) => on.rows('select pg_sleep(1)'))).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE'
  })
  expect(await backend(database)).not.toBe(before)
  await database.close()
})

test('a transaction that stands still is ended by the server', async ({ db }) => {
  const database = new Database({ ...db, maxPoolSize: 1, logger: silentLogger }, { ...SHORT, idleInTransactionMs: 200 })
  const standing = database.transaction(async (on) => {
    await on.run(`insert into marc_migrations_control.tenant (id) values ('x')`)
    await new Promise((resolve) => setTimeout(resolve, 600))
    await on.run('select 1')
  })
  await expect(standing).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(await database.rows(`select 1 from marc_migrations_control.tenant where id = 'x'`)).toEqual([])
  await database.close()
})

test('a mistake in a transaction is told as it is, and rolled back', async ({ db }) => {
  const database = new Database({ ...db, maxPoolSize: 1, logger: silentLogger })
  const failing = database.transaction(async (on) => {
    await on.run(`insert into marc_migrations_control.tenant (id) values ('x')`)
    await on.run('select nonsense')
  })
  await expect(failing).rejects.toMatchObject({ code: '42703' })
  await expect(database.transaction(() => Promise.reject(new TypeError('ours')))).rejects.toThrow('ours')
  expect(await database.rows(`select 1 from marc_migrations_control.tenant where id = 'x'`)).toEqual([])
  await database.close()
})

test('a server that falls silent costs those who wait five seconds, those who come nothing, until it speaks again', async ({
  db
}) => {
  const proxy = await aProxy(db)
  const database = new Database({ ...db, host: '127.0.0.1', port: proxy.port, maxPoolSize: 3, logger: silentLogger })
  await Promise.all([1, 2, 3].map(() => database.rows('select pg_sleep(0.1)')))
  proxy.hush()
  const began = performance.now()
  const waiting = await Promise.allSettled([1, 2, 3, 4].map(() => database.rows('select 1')))
  expect(waiting).toMatchObject(waiting.map(() => ({ status: 'rejected', reason: { code: 'STORE_UNAVAILABLE' } })))
  expect(performance.now() - began).toBeLessThan(12_000)
  for (let i = 0; i < 100; i++) await expect(database.rows('select 1')).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' })
  expect(performance.now() - began).toBeLessThan(14_000)
  proxy.speak()
  await expect.poll(() => database.rows('select 1 as one').catch(() => []), { timeout: 30_000 }).toEqual([{ one: 1 }])
  await database.close()
  proxy.close()
})

test('a statement that takes its time ends none of the others, and not itself', async ({ db }) => {
  const database = new Database({ ...db, maxPoolSize: 2, logger: silentLogger })
  expect(await Promise.all([database.run('select pg_sleep(5)'), database.run('select pg_sleep(4)')])).toEqual([1, 1])
  await database.close()
})

test('a server that takes connections and says nothing costs five seconds, not for ever', async () => {
  const sockets: Socket[] = []
  const mute = createServer((socket) => sockets.push(socket.on('error', () => {}))).listen(0, '127.0.0.1')
  await once(mute, 'listening')
  const { port } = mute.address() as AddressInfo
  const began = performance.now()
  const options = { host: '127.0.0.1', port, database: 'x', username: 'x', password: 'x', logger: silentLogger }
  await expect(openStores({ ...options, maxPoolSize: 1, subPath: 'x' })).rejects.toMatchObject({
    code: 'STORE_UNAVAILABLE',
    facts: { host: '127.0.0.1', port, setting: 'DB_HOST, DB_PORT' }
  })
  expect(performance.now() - began).toBeLessThan(12_000)
  sockets.forEach((socket) => socket.destroy())
  mute.close()
})

test('a pooler that knows no limits of the server is worked with; each transaction sets its own', async ({ db }) => {
  const pooler = await aProxy(db, { refuseLimits: true })
  const at = { ...db, host: '127.0.0.1', port: pooler.port }
  const database = new Database({ ...at, maxPoolSize: 3, logger: silentLogger }, { ...SHORT, lockMs: 200 })
  const setting = (on: Transaction) => on.rows(`select current_setting('lock_timeout') as it`)
  const answers = await Promise.all([1, 2, 3].map(() => database.transaction(setting)))
  expect(answers).toEqual([[{ it: '200ms' }], [{ it: '200ms' }], [{ it: '200ms' }]])
  expect(await setting(database)).toEqual([{ it: '0' }])
  expect(pooler.refused()).toBeGreaterThan(0)
  const stores = await openStores({ ...at, maxPoolSize: 2, subPath: 'x', logger: silentLogger })
  expect(await stores.operations.start(aDraft())).toMatchObject({ status: 'NEW' })
  await stores.close()
  await database.close()
  pooler.close()
})

test('a database that is not migrated says what to do', async () => {
  const db = await aDatabase('empty')
  const stores = await storesOn(db, 1)
  await expect(stores.tenants.list()).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  await stores.close()
  await db.close()
})

async function waiting(db: TestDatabase): Promise<void> {
  for (let tries = 0; tries < 300; tries++) {
    const rows = await db.query(`select 1 from pg_stat_activity
      where datname = current_database() and application_name = 'marc-migrations' and wait_event_type = 'Lock'`)
    if (rows.length > 0) return
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
  throw new Error('nothing waits')
}

describe('the pool', () => {
  const PIDS = `select pid from pg_stat_activity
    where datname = current_database() and application_name = 'marc-migrations' order by pid`

  /** As many connections as there are statements at once. */
  const busy = (database: Database, count: number) =>
    Promise.all(Array.from({ length: count }, () => database.rows('select pg_sleep(0.2)')))

  test('closes what idles longer than DB_CONNECTIONRELEASEDELAY, down to DB_MINSHAREDPOOLSIZE', async ({ db }) => {
    const options = { ...db, maxPoolSize: 5, minPoolSize: 2, idleTimeoutMs: 100, logger: silentLogger }
    const database = new Database(options, SHORT)
    await busy(database, 5)
    expect((await db.query(PIDS)).length).toBeGreaterThanOrEqual(2)
    await expect.poll(async () => (await db.query(PIDS)).length, { timeout: 20_000 }).toBe(2)
    await new Promise((resolve) => setTimeout(resolve, 500))
    expect(await db.query(PIDS)).toHaveLength(2)
    await database.close()
  })

  test('keeps them open as long as it is told to', async ({ db }) => {
    const database = new Database({ ...db, maxPoolSize: 3, idleTimeoutMs: 600_000, logger: silentLogger }, SHORT)
    await busy(database, 3)
    // The default of the driver is ten seconds.
    await new Promise((resolve) => setTimeout(resolve, 11_000))
    expect(await db.query(PIDS)).toHaveLength(3)
    await database.close()
  }, 60_000)

  test('replaces a connection of the age of DB_MAX_LIFETIME', async ({ db }) => {
    const options = { ...db, maxPoolSize: 1, minPoolSize: 1, maxLifetimeMs: 1_000, logger: silentLogger }
    const database = new Database(options, SHORT)
    const pid = async () => (await database.rows<{ pid: number }>('select pg_backend_pid() as pid'))[0]?.pid
    const first = await pid()
    await expect.poll(pid, { timeout: 20_000, interval: 200 }).not.toBe(first)
    await database.close()
  })
})
