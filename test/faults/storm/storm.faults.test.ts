import { describe, expect } from 'vitest'
import { seededRandom } from '../../../apps/cli/src/demo-file/seeded-random.ts'
import { folioPeers } from '../../support/folio-peers.ts'
import { fates } from '../../support/peer-fate.ts'
import { aDatabase } from '../../support/postgres.ts'
import { skipSuite } from '../../support/skips.ts'
import { audit, until } from '../../system/jobs.ts'
import type { Job } from '../../system/jobs.ts'
import { faultsOn } from '../fault.ts'
import { attemptsOf, expectUnbroken, untilNothingIsLeft, untilSound } from '../jobs-under-fault.ts'
import { storedRecords, untilSaved } from '../savings.ts'
import { serversMissing, theServers } from '../site.ts'
import type { Site } from '../site.ts'
import { importer, saver } from './clients.ts'
import { aCrew } from './crew.ts'
import { harmsOf, storm } from './harms.ts'

/** How long the storm lasts; half an hour by STORM_MS=1800000. */
const STORM_MS = Number(process.env['STORM_MS'] ?? 90_000)
/** The same number draws the same harms, jobs and meddling; what they meet is up to the moment. */
const SEED = Number(process.env['STORM_SEED'] ?? Date.now() % 1_000_000)
const IMPORTERS = ['alpha', 'beta']
const SAVER = 'gamma'
const TENANTS = [...IMPORTERS, SAVER]
const UNHEARD = { seed: SEED, share: 0.2, fates: [fates.cutAfter, fates.cutBefore, fates.hangAfter], mostInARow: 2 }

const missing = serversMissing()

describe.skipIf(missing !== undefined && skipSuite('a storm', missing, 'server'))('a storm', () => {
  const fault = faultsOn(theServers(), { ownServer: true, limitMs: STORM_MS + 400_000 })

  fault(
    'a storm of faults of every kind, one upon the other',
    {
      done: 'processes killed, stopped and ended, PostgreSQL, Kafka and S3 away, silent, slow and restarted, at random and at once, while two clients import files, pause, cancel and retry, and a third saves to a module that is cut off',
      expected: 'each job is exact when it ends, and when the storm is over; nothing is left behind, nobody ends by himself'
    },
    async (site, saw) => {
      saw(`seed ${SEED}`)
      const moduleTables = await aDatabase('empty')
      const modules = await folioPeers({ db: moduleTables, objects: site.objects })
      const stored = await storedRecords(site, { tenant: SAVER })
      const crew = await aCrew(site, seededRandom(SEED))
      try {
        modules.atRandom('authority', UNHEARD)
        let goesOn = true
        const clients = Promise.all([
          saver(site, crew, modules, stored),
          ...IMPORTERS.map((tenant, i) => importer(site, crew, seededRandom(SEED + i + 1), tenant, () => goesOn))
        ])
        clients.catch(() => (goesOn = false))
        const chance = seededRandom(SEED + 10)
        const came = await storm(harmsOf(site, crew, chance), chance, { lastsMs: STORM_MS, goesOn: () => goesOn })
        goesOn = false
        const [saved, ...imported] = await clients
        const jobs = imported.flat()

        for (const job of jobs) await untilSound(site, crew.coordinator(), job)
        await untilSaved(site, crew.coordinator(), saved, modules)
        await untilStraysAreSound(site, [...jobs, saved])
        expect(crew.endedAlone).toEqual([])
        const attempts = await Promise.all(TENANTS.map((tenant) => attemptsOf(site, tenant)))
        const sum = (of: 'chunks' | 'repeats' | 'used'): number => attempts.reduce((all, each) => all + each[of], 0)
        expect(sum('repeats')).toBeGreaterThan(0)
        saw(`${came.length} of ${new Set(came).size} kinds in ${Math.round(STORM_MS / 1000)} s, ${crew.started()} processes`)
        saw(
          `${jobs.length + 1} jobs of ${sum('chunks')} chunks, ${sum('repeats')} claimed again, ${sum('used')} attempts used`
        )
      } finally {
        crew.dismiss()
        await modules.stop()
        await moduleTables.close()
      }
    }
  )
})

/** Operations whose start was never heard of, because the answer was lost, end as exactly. */
async function untilStraysAreSound(site: Site, known: readonly Job[]): Promise<void> {
  for (const tenant of TENANTS) {
    const rows = await site.query<{ id: string }>(`select id from ${tenant}_mod_marc_migrations.operation`)
    const strays = rows.filter(({ id }) => !known.some((job) => job.id === id)).map(({ id }) => ({ tenant, id }))
    for (const stray of strays) {
      const ended = `select 1 from ${tenant}_mod_marc_migrations.operation where id = $1 and status in ('DATA_MAPPING_COMPLETED', 'DATA_MAPPING_FAILED')`
      await until('a stray is over', async () => (await site.query(ended, [stray.id])).length > 0, 200_000)
      const manifest = await site.stored((stores, objects) => audit(stray, stores, objects))
      expectUnbroken(manifest)
      expect(manifest.mapped + manifest.rejected).toBe(manifest.total)
    }
    await untilNothingIsLeft(site, strays)
  }
}
