import { createReadStream } from 'node:fs'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { directoryStore } from '@marc-migrations/objects'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { writeDemoFile } from '../../apps/cli/src/demo-file/demo-file.ts'
import { readObject } from '../../apps/cli/src/verify/read-object.ts'
import { runVerify } from '../../apps/cli/src/verify/run-verify.ts'
import { aDatabase } from '../support/postgres.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { silentLogger } from '../support/silent-logger.ts'
import { storesOn } from '../support/store-fixtures.ts'
import { endAll, startProcess } from './processes.ts'
import type { Process } from './processes.ts'

const RECORDS = 20_000
const BROKEN = 7
const userId = '11111111-1111-4111-8111-111111111111'

let dir: string
let db: TestDatabase
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'system-'))
})
afterEach(async () => {
  await endAll()
  await db.close()
  await rm(dir, { recursive: true })
})

/** Leases of three seconds, so that a dead worker's chunks are taken up while the test is watching. */
function fastProfile(): Record<string, string> {
  return {
    DB_HOST: db.host,
    DB_PORT: String(db.port),
    DB_DATABASE: db.database,
    DB_USERNAME: db.username,
    DB_PASSWORD: db.password,
    OBJECTS_DIR: join(dir, 'objects'),
    S3_SUB_PATH: 'test',
    RULES_SOURCE: 'directory',
    RULES_DIR: join(dir, 'rules'),
    IMPORT_ENABLED: 'true',
    RECORDS_CHUNK_SIZE: '20',
    CHUNK_FETCH_IDS_COUNT: '20',
    CHUNK_PERSIST_COUNT: '1',
    LEASE_MS: '3000',
    LEASE_RENEW_MS: '1000',
    SWEEP_INTERVAL_MS: '1000',
    REPUBLISH_MS: '3000',
    NODE_HEARTBEAT_MS: '500'
  }
}

/** Rules that sign each entity with the tenant they belong to. */
async function signedRules(tenant: string): Promise<void> {
  const rules = {
    '001': [{ target: 'naturalId', rules: [] }],
    '008': [{ target: 'personalName', rules: [{ conditions: [], value: `rules of ${tenant}` }] }]
  }
  await mkdir(join(dir, 'rules', tenant), { recursive: true })
  await writeFile(join(dir, 'rules', tenant, 'authority.rules.json'), JSON.stringify(rules))
  await writeFile(join(dir, 'rules', tenant, 'authority.params.json'), '{}')
}

interface Job {
  readonly tenant: string
  readonly id: string
}

async function startJob(api: Process, tenant: string, seed: number): Promise<Job> {
  const base = `http://127.0.0.1:${api.port}`
  const headers = { 'x-okapi-tenant': tenant, 'x-okapi-user-id': userId, 'content-type': 'application/json' }
  const enabled = await fetch(`${base}/_/tenant`, {
    method: 'POST',
    headers,
    body: '{"module_to":"mod-marc-migrations-1.0.0"}'
  })
  expect(enabled.status).toBe(204)
  const file = join(dir, `${tenant}.mrc`)
  await writeDemoFile(file, { records: RECORDS, broken: BROKEN, seed })
  const body = Readable.toWeb(createReadStream(file)) as ReadableStream
  const uploaded = await fetch(`${base}/marc-migrations/sources/names.mrc`, {
    method: 'PUT',
    headers,
    body,
    duplex: 'half'
  })
  expect(uploaded.status).toBe(201)
  const request = { entityType: 'authority', operationType: 'import', source: { name: 'names.mrc', format: 'iso2709' } }
  const started = await fetch(`${base}/marc-migrations`, { method: 'POST', headers, body: JSON.stringify(request) })
  expect(started.status).toBe(201)
  return { tenant, id: ((await started.json()) as { id: string }).id }
}

async function until(what: string, holds: () => Promise<boolean>, withinMs = 60_000): Promise<void> {
  const end = Date.now() + withinMs
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

const counted = async (tenant: string): Promise<number> => {
  const [row] = await db.query<{ n: number }>(
    `select count(*)::int as n from ${tenant}_mod_marc_migrations.operation_chunk where file_epoch is not null`
  )
  return row?.n ?? 0
}

/** Process id of the coordinator that splits the tenant's operation now. */
const splitterOf = async (tenant: string): Promise<number | undefined> => {
  const [row] = await db.query<{ pid: number }>(
    `select n.pid from ${tenant}_mod_marc_migrations.split_range t join marc_migrations_control.node n on n.id = t.lease_owner
      where t.lease_until > clock_timestamp() limit 1`
  )
  return row?.pid
}

/** Stops a worker, looks whether it holds a lease, and kills it when it does: a kill between two chunks would show nothing. */
async function killHoldingALease(workers: readonly Process[]): Promise<number> {
  for (let i = 0; i < 1000; i++) {
    const { pid } = workers[i % workers.length] ?? { pid: 0 }
    process.kill(pid, 'SIGSTOP')
    const held = await Promise.all(
      ['alpha', 'beta'].map((tenant) =>
        db.query(
          `select 1 from ${tenant}_mod_marc_migrations.operation_chunk c
             join marc_migrations_control.node n on n.id = c.lease_owner where n.pid = $1`,
          [pid]
        )
      )
    )
    if (held.flat().length > 0) {
      process.kill(pid, 'SIGKILL')
      return pid
    }
    process.kill(pid, 'SIGCONT')
  }
  throw new Error('no worker ever held a lease')
}

describe('two coordinators, three workers, two tenants', () => {
  test('a coordinator killed while splitting and a worker killed while mapping cost time, and no record', async () => {
    db = await aDatabase('empty')
    await Promise.all(['alpha', 'beta'].map(signedRules))
    const coordinators = await Promise.all([0, 1].map(() => startProcess('coordinator', fastProfile())))
    await Promise.all(coordinators.map((process) => process.ready()))
    const workers = await Promise.all([0, 1, 2].map(() => startProcess('worker', fastProfile())))
    const [first] = coordinators
    if (first === undefined) throw new Error('no coordinator')
    const jobs = [await startJob(first, 'alpha', 1), await startJob(first, 'beta', 2)]

    let splitter: number | undefined
    await until('a coordinator is splitting', async () => (splitter = await splitterOf('beta')) !== undefined)
    process.kill(splitter ?? 0, 'SIGKILL')
    await until('a hundred chunks are counted', async () => (await counted('alpha')) + (await counted('beta')) >= 100)
    const worker = await killHoldingALease(workers)

    const survivor = coordinators.find(({ pid }) => pid !== splitter)
    if (survivor === undefined) throw new Error('both coordinators are gone')
    await until(
      'both operations are terminal',
      async () => {
        const states = await Promise.all(jobs.map((job) => statusOf(survivor, job)))
        return states.every((status) => /_(completed|failed)$/.test(status))
      },
      120_000
    )
    await expectExact(jobs)
    await expectNoContextCrossed(jobs)
    const stillAlive = [...coordinators, ...workers].filter(({ pid }) => pid !== splitter && pid !== worker)
    expect(stillAlive).toHaveLength(3)
    for (const alive of stillAlive) alive.kill('SIGTERM')
    expect(await Promise.all(stillAlive.map((alive) => alive.ended()))).toEqual([0, 0, 0])
  }, 240_000)

  test('ten coordinators started at once on an empty database make one migration run and one cluster', async () => {
    db = await aDatabase('empty')
    const ten = await Promise.all(Array.from({ length: 10 }, () => startProcess('coordinator', fastProfile())))
    await Promise.all(ten.map((process) => process.ready()))
    const ready = ten.flatMap(({ log }) => log.filter(({ msg }) => msg === 'control-schema.ready'))
    expect(ready).toHaveLength(10)
    expect(ready.filter(({ applied }) => (applied as unknown[]).length > 0)).toHaveLength(1)
    expect(new Set(ready.map(({ clusterId }) => clusterId)).size).toBe(1)
    for (const process of ten) process.kill('SIGTERM')
    expect(new Set(await Promise.all(ten.map((process) => process.ended())))).toEqual(new Set([0]))
  }, 120_000)
})

async function statusOf(api: Process, { tenant, id }: Job): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${api.port}/marc-migrations/${id}`, { headers: { 'x-okapi-tenant': tenant } })
  return ((await answer.json()) as { status: string }).status
}

/** Counts, files and status are those of an undisturbed run, proven from database and objects alone. */
async function expectExact(jobs: readonly Job[]): Promise<void> {
  const stores = await storesOn(db)
  const objects = directoryStore({ dir: join(dir, 'objects'), logger: silentLogger })
  for (const { tenant, id } of jobs) {
    for await (const manifest of runVerify({ tenant, operationId: id, repair: false }, stores, objects)) {
      expect(manifest.findings).toEqual([])
      expect(manifest).toMatchObject({
        status: 'DATA_MAPPING_FAILED',
        stopReason: null,
        total: RECORDS,
        mapped: RECORDS - BROKEN,
        rejected: BROKEN,
        chunks: RECORDS / 20
      })
    }
  }
  await stores.close()
  // The killed worker's chunks were repeated under a higher epoch; else this test has shown nothing.
  const epochs = await Promise.all(
    jobs.map(({ tenant }) => db.query(`select 1 from ${tenant}_mod_marc_migrations.operation_chunk where epoch > 1`))
  )
  expect(epochs.flat().length).toBeGreaterThan(0)
}

async function expectNoContextCrossed(jobs: readonly Job[]): Promise<void> {
  const objects = directoryStore({ dir: join(dir, 'objects'), logger: silentLogger })
  const stores = await storesOn(db)
  for (const { tenant, id } of jobs) {
    const signatures = new Set<unknown>()
    for await (const chunk of stores.audit.chunks(tenant, id)) {
      const file = chunk.entities === null ? null : await readObject(objects, chunk.entities.key)
      for (const line of file?.lines ?? []) signatures.add((JSON.parse(line) as { personalName: unknown }).personalName)
    }
    expect([...signatures]).toEqual([`rules of ${tenant}`])
  }
  await stores.close()
}
