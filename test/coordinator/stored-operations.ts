import type { Operation, Stores } from '@marc-migrations/domain'
import { expect } from 'vitest'
import type { TestDatabase } from '../support/postgres.ts'
import { createSourceTables, fillAuthorities } from '../support/source-records.ts'
import {
  aMappedOperation,
  aPublishedOperation,
  armedOf,
  claimAll,
  LEASE_MS,
  mappedTally,
  reread
} from '../support/store-fixtures.ts'
import type { Answer, Api } from './api-fixture.ts'
import { JSON_TYPE } from './api-fixture.ts'

/** What makes an operation of the fixtures one on FOLIO's stored records. */
export const remapping = { operationType: 'remapping', source: null } as const

/** Puts 81 linked authorities and 11 linked instances into the storage modules of tenant `diku`. */
export async function linkedRecords(db: TestDatabase, stores: Stores): Promise<void> {
  await createSourceTables(db, 'diku')
  await fillAuthorities(db, 'diku', 81)
  await fillInstances(db, 11)
  await stores.tenants.register('diku')
}

/** Instances of which each has a source record, and one that has none. */
async function fillInstances(db: TestDatabase, count: number): Promise<void> {
  const srs = 'diku_mod_source_record_storage'
  await db.query(
    `with made as (select md5('bib' || i)::uuid as id, md5('instance' || i)::uuid as instance_id from generate_series(1, $1::int) i),
      records as (insert into ${srs}.records_lb select id, instance_id, 'ACTUAL', 'MARC_BIB' from made),
      content as (insert into ${srs}.marc_records_lb select id, '{}' from made)
     insert into diku_mod_inventory_storage.instance
     select instance_id, '{"source":"MARC","_version":1}'::jsonb from made
     union all select md5('unlinked')::uuid, '{"source":"MARC","_version":1}'::jsonb`,
    [count]
  )
}

export function putStatus(api: Api, id: string, body: unknown, headers: Record<string, string> = {}): Promise<Answer> {
  return api.ask('PUT', `/marc-migrations/${id}`, { headers: { ...JSON_TYPE, ...headers }, body: JSON.stringify(body) })
}

/** Authority, instance, authority, one after the other. */
export async function threeOperations(stores: Stores): Promise<Operation[]> {
  const operations: Operation[] = []
  for (const entityType of ['authority', 'instance', 'authority'] as const) {
    operations.push(await aMappedOperation(stores, { ...remapping, entityType, chunks: 1 }))
  }
  return operations
}

/** Ended with one record rejected. */
export async function aRejectingOperation(stores: Stores): Promise<Operation> {
  const operation = await aPublishedOperation(stores, { ...remapping, chunks: 1 })
  for (const claim of await claimAll(stores, operation)) await stores.chunks.count(claim, mappedTally(claim, 9, 1))
  expect(await stores.check.finalise(armedOf(operation), LEASE_MS)).toMatchObject({ status: 'DATA_MAPPING_FAILED' })
  return await reread(stores, operation)
}
