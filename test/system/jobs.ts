import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { ObjectStore, Stores } from '@marc-migrations/domain'
import { expect } from 'vitest'
import { writeDemoFile } from '../../apps/cli/src/demo-file/demo-file.ts'
import { runVerify } from '../../apps/cli/src/verify/run-verify.ts'
import type { Verification } from '../../apps/cli/src/verify/run-verify.ts'
import type { TestDatabase } from '../support/postgres.ts'
import type { Process } from './processes.ts'

/** What a user of the API does in a system test, and how the test looks on. */
export interface Job {
  readonly tenant: string
  readonly id: string
}

const userId = '11111111-1111-4111-8111-111111111111'

export function headersOf(tenant: string): Record<string, string> {
  return { 'x-okapi-tenant': tenant, 'x-okapi-user-id': userId, 'content-type': 'application/json' }
}

export async function enableTenant(base: string, tenant: string): Promise<void> {
  const body = '{"module_to":"mod-marc-migrations-1.0.0"}'
  const answer = await fetch(`${base}/_/tenant`, { method: 'POST', headers: headersOf(tenant), body })
  expect(answer.status).toBe(204)
}

/** Uploads a generated file and starts its import. */
export async function startImport(
  base: string,
  tenant: string,
  dir: string,
  file: { readonly records: number; readonly broken: number; readonly seed: number }
): Promise<Job> {
  const path = join(dir, `${tenant}.mrc`)
  await writeDemoFile(path, file)
  const body = Readable.toWeb(createReadStream(path)) as ReadableStream
  const uploaded = await fetch(`${base}/marc-migrations/sources/names.mrc`, {
    method: 'PUT',
    headers: headersOf(tenant),
    body,
    duplex: 'half'
  })
  // 200: the name had a file before.
  expect([200, 201]).toContain(uploaded.status)
  return await startJob(base, tenant, { operationType: 'import', source: { name: 'names.mrc', format: 'iso2709' } })
}

export async function startJob(base: string, tenant: string, what: Record<string, unknown>): Promise<Job> {
  const body = JSON.stringify({ entityType: 'authority', ...what })
  const started = await fetch(`${base}/marc-migrations`, { method: 'POST', headers: headersOf(tenant), body })
  expect(started.status).toBe(201)
  return { tenant, id: ((await started.json()) as { id: string }).id }
}

export async function until(what: string, holds: () => Promise<boolean>, withinMs = 60_000): Promise<void> {
  const end = Date.now() + withinMs
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
}

export async function untilTerminal(base: string, jobs: readonly Job[], withinMs: number): Promise<void> {
  const terminal = async ({ tenant, id }: Job): Promise<boolean> => {
    const answer = await fetch(`${base}/marc-migrations/${id}`, { headers: headersOf(tenant) })
    return /_(completed|failed)$/.test(((await answer.json()) as { status: string }).status)
  }
  await until('every operation is terminal', async () => (await Promise.all(jobs.map(terminal))).every(Boolean), withinMs)
}

/** Chunks counted so far, over the tenants' operations. */
export async function countedChunks(db: TestDatabase, tenants: readonly string[]): Promise<number> {
  const counts = await Promise.all(
    tenants.map((tenant) =>
      db.query<{ n: number }>(
        `select count(*)::int as n from ${tenant}_mod_marc_migrations.operation_chunk where file_epoch is not null`
      )
    )
  )
  return counts.flat().reduce((sum, { n }) => sum + n, 0)
}

/** Leases that a process holds now. */
export async function leasesOf(db: TestDatabase, pid: number, tenants: readonly string[]): Promise<number> {
  const held = await Promise.all(
    tenants.map((tenant) =>
      db.query(
        `select 1 from ${tenant}_mod_marc_migrations.operation_chunk c
           join marc_migrations_control.node n on n.id = c.lease_owner where n.pid = $1`,
        [pid]
      )
    )
  )
  return held.flat().length
}

/** Stops a worker, looks whether it holds a lease, and kills it when it does: a kill between two chunks would show nothing. */
export async function killHoldingALease(
  db: TestDatabase,
  workers: readonly Process[],
  tenants: readonly string[]
): Promise<Process> {
  for (let i = 0; i < 100; i++) {
    const worker = workers[i % workers.length]
    if (worker === undefined) break
    worker.kill('SIGSTOP')
    // What it had sent before it was stopped is still answered: a lease that stands after that stays.
    await new Promise((resolve) => setTimeout(resolve, 200))
    if ((await leasesOf(db, worker.pid, tenants)) > 0) {
      worker.kill('SIGKILL')
      return worker
    }
    worker.kill('SIGCONT')
  }
  throw new Error('no worker ever held a lease')
}

/** Chunks that were claimed more than once; none would mean that a kill hit nobody. */
export async function repeatedChunks(db: TestDatabase, tenants: readonly string[]): Promise<number> {
  const rows = await Promise.all(
    tenants.map((tenant) => db.query(`select 1 from ${tenant}_mod_marc_migrations.operation_chunk where epoch > 1`))
  )
  return rows.flat().length
}

/** The auditor's word on one operation. */
export async function audit({ tenant, id }: Job, stores: Stores, objects: ObjectStore): Promise<Verification> {
  for await (const manifest of runVerify({ tenant, operationId: id, repair: false }, stores, objects)) return manifest
  throw new Error('nothing was audited')
}
