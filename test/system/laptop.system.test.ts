import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { directoryStore } from '@marc-migrations/objects'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { readObject } from '../../apps/cli/src/verify/read-object.ts'
import { aDatabase } from '../support/postgres.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { silentLogger } from '../support/silent-logger.ts'
import { storesOn } from '../support/store-fixtures.ts'
import {
  audit,
  countedChunks,
  enableTenant,
  killHoldingALease,
  repeatedChunks,
  startImport,
  until,
  untilTerminal
} from './jobs.ts'
import type { Job } from './jobs.ts'
import { databaseEnv, endAll, fastProfile, startProcess } from './processes.ts'

const RECORDS = 20_000
const BROKEN = 7
const CHUNK = 20
const tenants = ['alpha', 'beta']

let dir: string
let db: TestDatabase
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'system-'))
  db = await aDatabase('empty')
})
afterEach(async () => {
  await endAll()
  await db.close()
  await rm(dir, { recursive: true })
})

/** Small chunks, written one at a time, so that a split lasts long enough to be killed. */
function laptopEnv(): Record<string, string> {
  return {
    ...databaseEnv(db),
    ...fastProfile,
    OBJECTS_DIR: join(dir, 'objects'),
    S3_SUB_PATH: 'test',
    RULES_SOURCE: 'directory',
    RULES_DIR: join(dir, 'rules'),
    IMPORT_ENABLED: 'true',
    RECORDS_CHUNK_SIZE: String(CHUNK),
    CHUNK_PERSIST_COUNT: '1'
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

/** Process id of the coordinator that splits the tenant's operation now. */
async function splitterOf(tenant: string): Promise<number | undefined> {
  const [row] = await db.query<{ pid: number }>(
    `select n.pid from ${tenant}_mod_marc_migrations.split_range t join marc_migrations_control.node n on n.id = t.lease_owner
      where t.lease_until > clock_timestamp() limit 1`
  )
  return row?.pid
}

describe('two coordinators, three workers, two tenants', () => {
  test('a coordinator killed while splitting and a worker killed while mapping cost time, and no record', async () => {
    await Promise.all(tenants.map(signedRules))
    const coordinators = await Promise.all([0, 1].map(() => startProcess('coordinator', laptopEnv())))
    await Promise.all(coordinators.map((process) => process.ready()))
    const workers = await Promise.all([0, 1, 2].map(() => startProcess('worker', laptopEnv())))
    const [first] = coordinators
    if (first === undefined) throw new Error('no coordinator')
    const jobs: Job[] = []
    for (const [i, tenant] of tenants.entries()) {
      await enableTenant(first.url, tenant)
      jobs.push(await startImport(first.url, tenant, dir, { records: RECORDS, broken: BROKEN, seed: i + 1 }))
    }

    let splitter: number | undefined
    await until('a coordinator is splitting', async () => (splitter = await splitterOf('beta')) !== undefined)
    process.kill(splitter ?? 0, 'SIGKILL')
    await until('a hundred chunks are counted', async () => (await countedChunks(db, tenants)) >= 100)
    const killed = await killHoldingALease(db, workers, tenants)

    const survivor = coordinators.find(({ pid }) => pid !== splitter)
    if (survivor === undefined) throw new Error('both coordinators are gone')
    await untilTerminal(survivor.url, jobs, 300_000)
    await expectExact(jobs)
    const alive = [...coordinators, ...workers].filter((each) => each.pid !== splitter && each !== killed)
    expect(alive).toHaveLength(3)
    for (const each of alive) each.kill('SIGTERM')
    expect(await Promise.all(alive.map((each) => each.ended()))).toEqual([0, 0, 0])
  }, 400_000)

  test('ten coordinators started at once on an empty database make one migration run and one cluster', async () => {
    const ten = await Promise.all(Array.from({ length: 10 }, () => startProcess('coordinator', laptopEnv())))
    await Promise.all(ten.map((process) => process.ready()))
    const ready = ten.flatMap(({ log }) => log.filter(({ msg }) => msg === 'control-schema.ready'))
    expect(ready).toHaveLength(10)
    expect(ready.filter(({ applied }) => (applied as unknown[]).length > 0)).toHaveLength(1)
    expect(new Set(ready.map(({ clusterId }) => clusterId)).size).toBe(1)
    for (const process of ten) process.kill('SIGTERM')
    expect(new Set(await Promise.all(ten.map((process) => process.ended())))).toEqual(new Set([0]))
  }, 400_000)
})

/** Counts, files and status are those of an undisturbed run, and no tenant's rules touched another's record. */
async function expectExact(jobs: readonly Job[]): Promise<void> {
  const stores = await storesOn(db)
  const objects = directoryStore({ dir: join(dir, 'objects'), logger: silentLogger })
  for (const job of jobs) {
    const manifest = await audit(job, stores, objects)
    expect(manifest.findings).toEqual([])
    expect(manifest).toMatchObject({ status: 'DATA_MAPPING_FAILED', stopReason: null, chunks: RECORDS / CHUNK })
    expect(manifest).toMatchObject({ total: RECORDS, mapped: RECORDS - BROKEN, rejected: BROKEN })
    const signatures = new Set<unknown>()
    for (const { key } of manifest.objects) {
      const file = await readObject(objects, key)
      for (const line of file?.lines ?? []) signatures.add((JSON.parse(line) as { personalName: unknown }).personalName)
    }
    expect([...signatures]).toEqual([`rules of ${job.tenant}`])
  }
  await stores.close()
  expect(await repeatedChunks(db, tenants)).toBeGreaterThan(0)
}
