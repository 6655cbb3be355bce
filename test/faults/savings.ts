import { expect } from 'vitest'
import type { EntityType } from '@marc-migrations/domain'
import type { Verification } from '../../apps/cli/src/verify/run-verify.ts'
import { folioPeers } from '../support/folio-peers.ts'
import type { FolioPeers, FolioPeersOptions } from '../support/folio-peers.ts'
import { createSourceTables, fillAuthorities, fillInstances } from '../support/source-records.ts'
import { audit, enableTenant, headersOf, startJob, until } from '../system/jobs.ts'
import type { Job } from '../system/jobs.ts'
import type { Process } from '../system/processes.ts'
import { expectUnbroken, TENANT } from './jobs-under-fault.ts'
import type { FaultJob } from './jobs-under-fault.ts'
import type { Site } from './site.ts'

const SAVED_MS = 200_000

/** FOLIO's storage modules, with tables of their own beside ours; to be stopped by the test. */
export function storageModules(site: Site, options: Omit<FolioPeersOptions, 'db' | 'objects'> = {}): Promise<FolioPeers> {
  return folioPeers({ ...options, db: site.database(), objects: site.objects })
}

export interface StoredRecords {
  readonly tenant: string
  readonly type: EntityType
  readonly records: number
}

/** Stored records, which alone can be saved, and which need no object to be read from; a tenant has them once, and of one type here. */
export async function storedRecords(
  site: Site,
  { records = 600, type = 'authority', tenant = TENANT }: Partial<StoredRecords> = {}
): Promise<StoredRecords> {
  const db = { query: site.query }
  await createSourceTables(db, tenant)
  await (type === 'authority' ? fillAuthorities(db, tenant, records) : fillInstances(db, tenant, records))
  return { records, type, tenant }
}

/** Starts their mapping. */
export async function remapStored({ url }: Process, { tenant, type, records }: StoredRecords): Promise<FaultJob> {
  await enableTenant(url, tenant)
  const job = await startJob(url, tenant, { entityType: type, operationType: 'remapping' })
  return { ...job, records, broken: 0, path: '' }
}

/** Both. */
export async function aStoredJob(site: Site, coordinator: Process, what: Partial<StoredRecords> = {}): Promise<FaultJob> {
  return await remapStored(coordinator, await storedRecords(site, what))
}

/** Puts a mapped operation to saving, as a FOLIO client does. */
export async function startSaving({ url }: Process, { tenant, id }: Job, modules: FolioPeers): Promise<void> {
  const headers = { ...headersOf(tenant), 'x-okapi-url': modules.url, 'x-okapi-token': 'of the tests' }
  const body = '{"status":"data_saving"}'
  const answer = await fetch(`${url}/marc-migrations/${id}`, { method: 'PUT', headers, body })
  expect(answer.status).toBe(204)
}

export async function statusOf({ url }: Process, { tenant, id }: Job): Promise<string> {
  const answer = await fetch(`${url}/marc-migrations/${id}`, { headers: headersOf(tenant) })
  return ((await answer.json()) as { status: string }).status
}

/**
 * The saving ends by itself, the auditor finds nothing, every record counts as saved once, and what the module has stored is
 * what the lines of the mapping say, entity by entity (I10).
 */
export async function untilSaved(
  site: Site,
  coordinator: Process,
  job: Job,
  modules: FolioPeers,
  type: EntityType = 'authority'
): Promise<Verification> {
  await until('the saving has ended', async () => /^data_saving_/.test(await statusOf(coordinator, job)), SAVED_MS)
  const manifest = await site.stored((stores, objects) => audit(job, stores, objects))
  expectUnbroken(manifest)
  const { total } = manifest
  expect(manifest).toMatchObject({ status: 'DATA_SAVING_COMPLETED', stopReason: null, mapped: total, saved: total })
  const stored = new Map((await modules.stored(job.tenant, type)).map(({ id, entity }) => [id, entity]))
  let lines = 0
  for (const { key } of manifest.objects) {
    const pieces: Uint8Array[] = []
    for await (const piece of site.objects.read(key)) pieces.push(piece)
    for (const line of Buffer.concat(pieces).toString('utf8').trimEnd().split('\n')) {
      lines++
      const { _version: _sent, ...mapped } = JSON.parse(line) as Record<string, unknown>
      const { _version: _now, ...entity } = stored.get(String(mapped['id'])) ?? {}
      expect(entity).toEqual(mapped)
    }
  }
  expect(lines).toBe(total)
  return manifest
}
