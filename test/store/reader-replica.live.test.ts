import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import type { Operation, Stores } from '@marc-migrations/domain'
import { migrateControl, openStores } from '@marc-migrations/store'
import type pg from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { claimOf, pages, whole } from '../contract/record-source.contract.ts'
import { aReplicatedServer } from '../support/replica.ts'
import type { ReplicatedServer } from '../support/replica.ts'
import { silentLogger } from '../support/silent-logger.ts'
import { createSourceTables, fillAuthorities } from '../support/source-records.ts'
import { aDraft, LEASE_MS } from '../support/store-fixtures.ts'
import { clientOf } from '../support/store-template.ts'

const never = new AbortController().signal
const SIZES = { recordsPerChunk: 10, idsPerFetch: 100, chunksPerPage: 50 }
let server: ReplicatedServer
let primary: pg.Client
const opened: Stores[] = []

const SRS = 'diku_mod_source_record_storage'
/** Each record says which server it was read from. */
const TELLING = `
  alter table ${SRS}.marc_records_lb rename to stored;
  create view ${SRS}.marc_records_lb as
    select id, content || jsonb_build_object('server', case when pg_is_in_recovery() then 'replica' else 'primary' end) as content
      from ${SRS}.stored`
const mend = (leader: string) => query(`update ${SRS}.stored set content = jsonb_build_object('leader', $1::text)`, [leader])

const query = async <R extends pg.QueryResultRow>(sql: string, params: readonly unknown[] = []): Promise<R[]> =>
  (await primary.query<R>(sql, [...params])).rows

beforeAll(async () => {
  server = await aReplicatedServer()
  primary = clientOf(server.primary)
  await primary.connect()
  const options = { ...server.primary, logger: silentLogger, maxPoolSize: 4, subPath: 'test' }
  await migrateControl(options)
  await createSourceTables({ query }, 'diku')
  await fillAuthorities({ query }, 'diku', 20)
  await query(TELLING)
  const stores = await openStores(options)
  await stores.tenants.register('diku')
  await stores.close()
}, 240_000)
afterAll(async () => {
  await primary.end()
  await server.close()
})
afterEach(async () => {
  for (const stores of opened.splice(0)) await stores.close()
})

interface Logged {
  readonly event: string
}

/** Takes connections and says nothing. */
async function aSilentPort(): Promise<{ at: { host: string; port: number }; calls(): number; close(): void }> {
  const sockets: Socket[] = []
  const listener = createServer((socket) => void sockets.push(socket.on('error', () => {})))
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  return {
    at: { host: '127.0.0.1', port: (listener.address() as AddressInfo).port },
    calls: () => sockets.length,
    close: () => {
      for (const socket of sockets) socket.destroy()
      listener.close()
    }
  }
}

async function storesWith(
  reader: { readonly host: string; readonly port: number } | undefined,
  events: Logged[] = []
): Promise<Stores> {
  const note = (_: object, event: string) => void events.push({ event })
  const logger = { ...silentLogger, warn: note, info: note, child: () => logger }
  const options = { ...server.primary, logger, maxPoolSize: 4, subPath: 'test', connectTimeoutMs: 1_000 }
  const stores = await openStores(reader === undefined ? options : { ...options, reader })
  opened.push(stores)
  return stores
}

/** Split and sealed through the ports. */
async function aSplit(stores: Stores): Promise<Operation> {
  const operation = await stores.operations.start(aDraft({ operationType: 'remapping', source: null }))
  const range = await stores.split.claimRange('diku', operation.id, 'splitter', LEASE_MS)
  if (range === null) throw new Error('no range')
  for (const page of await pages(stores.storedRecords, operation, whole(), SIZES))
    await stores.split.commitPage('diku', range, page, LEASE_MS)
  return operation
}

/** Of the first chunk: which server each record was read from, and its leader. */
async function readFirst(stores: Stores, operation: Operation): Promise<{ servers: string[]; leaders: string[] }> {
  const { chunks } = await stores.operations.chunks('diku', operation.id, { offset: 0, limit: 1 })
  const [chunk] = chunks
  if (chunk === undefined) throw new Error('no chunk')
  const read = await stores.storedRecords.read(claimOf(operation, chunk), never)
  if (read.kind !== 'rows') throw new Error('stored records come as rows')
  expect(read.rows).toHaveLength(10)
  const records = read.rows.map(({ marc }) => JSON.parse(marc ?? '') as { server: string; leader: string })
  return {
    servers: [...new Set(records.map(({ server: at }) => at))],
    leaders: [...new Set(records.map(({ leader }) => leader))]
  }
}

describe('records of a chunk', () => {
  test('are read from the replica once it has seen what the split has seen', async () => {
    const stores = await storesWith(server.replica)
    const operation = await aSplit(stores)
    await server.caughtUp()
    expect((await readFirst(stores, operation)).servers).toEqual(['replica'])
  })

  test('are read from the primary while the replica lags, and are those of today', async () => {
    const stores = await storesWith(server.replica)
    await server.caughtUp()
    await server.lag()
    try {
      await mend('mended')
      const operation = await aSplit(stores)
      expect(await readFirst(stores, operation)).toEqual({ servers: ['primary'], leaders: ['mended'] })
      await server.goOn()
      await server.caughtUp()
      expect(await readFirst(stores, operation)).toEqual({ servers: ['replica'], leaders: ['mended'] })
    } finally {
      await server.goOn()
    }
  })

  test('mended before a retry are read as mended, though the replica had come far enough for the split', async () => {
    const stores = await storesWith(server.replica)
    const operation = await aSplit(stores)
    await server.caughtUp()
    await server.lag()
    try {
      await mend('mended again')
      expect((await readFirst(stores, operation)).servers).toEqual(['replica'])
      await stores.control.retryMapping('diku', operation.id, null)
      expect(await readFirst(stores, operation)).toEqual({ servers: ['primary'], leaders: ['mended again'] })
    } finally {
      await server.goOn()
    }
  })

  test('are read from the primary when a node that reads no replica has split a page', async () => {
    const plain = await storesWith(undefined)
    const stores = await storesWith(server.replica)
    const operation = await aSplit(plain)
    await server.caughtUp()
    expect((await readFirst(stores, operation)).servers).toEqual(['primary'])
  })

  test('cost one call to a replica that does not answer, then none', async () => {
    const events: Logged[] = []
    const nobody = await aSilentPort()
    try {
      const stores = await storesWith(nobody.at, events)
      const operation = await aSplit(stores)
      for (let i = 0; i < 5; i++) expect((await readFirst(stores, operation)).servers).toEqual(['primary'])
      expect(events.filter(({ event }) => event === 'reader-replica.failed')).toHaveLength(1)
      expect(nobody.calls()).toBe(1)
    } finally {
      nobody.close()
    }
  })
})

describe('a replica that dies', () => {
  test('is missed by nobody', async () => {
    const stores = await storesWith(server.replica)
    const operation = await aSplit(stores)
    await server.caughtUp()
    expect((await readFirst(stores, operation)).servers).toEqual(['replica'])
    await server.stopReplica()
    for (let i = 0; i < 3; i++) expect((await readFirst(stores, operation)).servers).toEqual(['primary'])
  })
})
