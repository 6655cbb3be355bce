import { describe, expect } from 'vitest'
import { skipSuite } from '../support/skips.ts'
import { createSourceTables, fillAuthorities } from '../support/source-records.ts'
import { audit, enableTenant, startJob, untilTerminal } from '../system/jobs.ts'
import { faultsOn } from './fault.ts'
import { aJob, attemptsOf, TENANT, untilSound } from './jobs-under-fault.ts'
import { CHUNK, serversMissing, theServers } from './site.ts'

const missing = serversMissing()
const srs = `${TENANT}_mod_source_record_storage`

describe.skipIf(missing !== undefined && skipSuite('faults of records', missing, 'server'))('faults of records', () => {
  const fault = faultsOn(theServers())

  fault(
    'F21 a record that cannot be read stands among others',
    {
      done: 'a file with eight records broken in four ways, in chunks of ten',
      expected: 'one line of error for each, every other record of its chunk mapped'
    },
    async (site, saw) => {
      const coordinator = await site.start('coordinator')
      await site.start('worker')
      const job = await aJob(site, coordinator, { broken: 8 })
      await untilSound(site, coordinator, job)
      const poisoned = await site.query<{ mapped: number; rejected: number }>(
        `select mapped_share as mapped, rejected_share as rejected from ${TENANT}_mod_marc_migrations.operation_chunk
          where rejected_share > 0`
      )
      expect(poisoned).toEqual(Array(8).fill({ mapped: CHUNK - 1, rejected: 1 }))
      expect(await attemptsOf(site)).toMatchObject({ repeats: 0, used: 0 })
      saw('eight chunks of 9 mapped and 1 rejected')
    }
  )

  fault(
    'F23 records of 150 kB, empty ones, none at all',
    {
      done: 'stored records: one of 150 kB, one without content, one that is an empty object; and a tenant without any',
      expected:
        'the large one is mapped, the empty ones are rejected or mapped by the rule, no neighbour is lost; a job of no records completes'
    },
    async (site, saw) => {
      const db = { query: site.query }
      for (const tenant of [TENANT, 'beta']) await createSourceTables(db, tenant)
      await fillAuthorities(db, TENANT, 100)
      const [large, none, empty] = (
        await site.query<{ id: string }>(`select id from ${srs}.marc_records_lb order by id limit 3 offset 14`)
      ).map(({ id }) => id)
      await site.query(
        `update ${srs}.marc_records_lb
            set content = jsonb_set(content, '{fields,-1}', jsonb_build_object('667', jsonb_build_object('ind1', ' ', 'ind2', ' ',
                  'subfields', jsonb_build_array(jsonb_build_object('a', repeat('much to say ', 12500))))), true)
          where id = $1`,
        [large]
      )
      await site.query(`update ${srs}.marc_records_lb set content = null where id = $1`, [none])
      await site.query(`update ${srs}.marc_records_lb set content = '{}' where id = $1`, [empty])
      const coordinator = await site.start('coordinator')
      await site.start('worker')
      for (const tenant of [TENANT, 'beta']) await enableTenant(coordinator.url, tenant)
      const job = await startJob(coordinator.url, TENANT, { operationType: 'remapping' })
      const nothing = await startJob(coordinator.url, 'beta', { operationType: 'remapping' })
      await untilTerminal(coordinator.url, [job, nothing], 120_000)
      const [manifest, bare] = await site.stored(async (stores, objects) =>
        Promise.all([job, nothing].map((each) => audit(each, stores, objects)))
      )
      expect(manifest?.findings).toEqual([])
      expect(manifest?.total).toBe(100)
      expect(manifest?.mapped).toBeGreaterThanOrEqual(98)
      expect((manifest?.mapped ?? 0) + (manifest?.rejected ?? 0)).toBe(100)
      const longest = Math.max(...(manifest?.objects ?? []).map(({ lengthBytes }) => lengthBytes))
      expect(longest).toBeGreaterThan(150_000)
      expect(bare).toMatchObject({ status: 'DATA_MAPPING_COMPLETED', total: 0, chunks: 0, findings: [] })
      expect(await attemptsOf(site)).toMatchObject({ repeats: 0, used: 0 })
      saw(`${manifest?.mapped} mapped and ${manifest?.rejected} rejected of 100; the job of no records completed`)
    }
  )
})
