import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ObjectStore } from '@marc-migrations/domain'
import { directoryStore } from '@marc-migrations/objects'
import { describe, expect } from 'vitest'
import { filePlace, folderPlace } from '../../libs/objects/src/file-place.ts'
import { aFullDisk } from '../objects/full-disk.ts'
import { aLink } from '../support/link.ts'
import { silentLogger } from '../support/silent-logger.ts'
import { skipSuite } from '../support/skips.ts'
import { until } from '../system/jobs.ts'
import { faultsOn } from './fault.ts'
import {
  aJob,
  attemptsOf,
  expectAlive,
  failpoints,
  namedKeys,
  pace,
  said,
  TENANT,
  untilCounted,
  untilSound,
  untilVerified
} from './jobs-under-fault.ts'
import { aStoredJob } from './savings.ts'
import { serversMissing, theServers } from './site.ts'
import type { Site } from './site.ts'

const missing = serversMissing()
/** What one call to S3 may take: what ends before is ended by the deadline of the attempt. */
const UPLOAD_LIMIT_MS = 30_000

describe.skipIf(missing !== undefined && skipSuite('faults of S3', missing, 'server'))('faults of S3', () => {
  const fault = faultsOn(theServers())

  fault(
    'F18 S3 takes in 1 KiB a second',
    {
      done: 'one of two workers behind a line that lets 1 KiB/s through, with 4 s for a chunk whose file is larger than that',
      expected:
        'the attempt is aborted at its deadline and the chunk given back, no attempt used; it ends when the line is better'
    },
    async (site, saw) => {
      const slow = await aLink()
      slow.to(Number(new URL(site.s3.url).port), new URL(site.s3.url).hostname)
      slow.slow(1024)
      try {
        const larger = { RECORDS_CHUNK_SIZE: '30', MAPPING_DEADLINE_MS: '4000', MAPPING_DEADLINE_PER_RECORD_MS: '1' }
        const coordinator = await site.start('coordinator', larger)
        const slowed = await site.start('worker', { ...larger, S3_URL: `http://127.0.0.1:${slow.port}` })
        const other = await site.start('worker', { ...larger, ...failpoints(pace(2000)), MAPPING_DEADLINE_MS: '60000' })
        const job = await aJob(site, coordinator, { records: 1200 })
        const givenBack = () => said(slowed, 'chunk.given-back').filter(({ outcome }) => outcome === 'outage')
        await until('attempts end', () => Promise.resolve(givenBack().length >= 2), 120_000)
        for (const { ms } of givenBack()) expect(ms).toBeLessThan(UPLOAD_LIMIT_MS)
        slow.slow(undefined)
        await untilSound(site, coordinator, job)
        const { repeats, used } = await attemptsOf(site)
        expect(used).toBe(0)
        expectAlive(coordinator, slowed, other)
        saw(`${givenBack().length} attempts aborted, ${repeats} chunks claimed again, ${used} attempts used`)
      } finally {
        await slow.close()
      }
    }
  )

  fault(
    'F19 S3 cuts uploads in the middle',
    {
      done: 'the connection of twelve uploads cut when 3000 bytes of each had passed',
      expected: 'an object is whole or not there: tried again, no attempt used, every hash as counted'
    },
    async (site, saw) => {
      const coordinator = await site.start('coordinator')
      const workers = await Promise.all([0, 1].map(() => site.start('worker', failpoints(pace(100)))))
      const job = await aJob(site, coordinator)
      site.lines.s3.cut(12, 3000)
      await until('twelve are cut', () => Promise.resolve(site.lines.s3.uncut() === 0))
      await untilSound(site, coordinator, job)
      const { repeats, used } = await attemptsOf(site)
      expect(used).toBe(0)
      expectAlive(coordinator, ...workers)
      saw(`12 uploads cut, ${repeats} chunks claimed again, ${used} attempts used`)
    }
  )
})

const noDisk = missing ?? (canMount() ? undefined : 'a file system of its own can only be mounted by root')

describe.skipIf(noDisk !== undefined && skipSuite('a full disk', noDisk, missing === undefined ? 'data' : 'server'))(
  'objects in a directory',
  () => {
    const fault = faultsOn(theServers())

    fault(
      'F20 the disk is full under the directory of objects',
      {
        done: 'the file system of one megabyte under two workers filled up in mid-job, a third started with room elsewhere and a job of another tenant with it, then the file system emptied again',
        expected:
          'attempts are given back, none used; health says so; the API answers; who has room goes on with both jobs; the two go on when they have room again'
      },
      async (site, saw) => {
        const disk = aFullDisk(join(site.dir, 'disk'))
        if (disk === undefined) throw new Error('the file system cannot be mounted any more')
        try {
          const onDisk = alsoInDirectory(site, disk.dir)
          const coordinator = await site.start('coordinator')
          const where = { OBJECTS_DIR: disk.dir, ...failpoints(pace(200)) }
          const workers = await Promise.all([0, 1].map(() => site.start('worker', where)))
          const healths = () => Promise.all(workers.map(async ({ url }) => (await fetch(`${url}/admin/health`)).status))
          const job = await aStoredJob(site, coordinator)
          await untilCounted(site, 4)
          const filler = join(disk.dir, 'filler')
          await until('it is full', () => Promise.resolve(fill(disk.dir, filler)))
          const full = (): boolean => workers.every((each) => said(each, 'worker.stops-claiming').length > 0)
          await until('the workers have stopped claiming', () => Promise.resolve(full()))
          expect(await healths()).toEqual([503, 503])

          const { counted } = await attemptsOf(site)
          const elsewhere = await site.start('worker', failpoints(pace(400)))
          const beside = await aStoredJob(site, coordinator, { records: 60, tenant: 'beta' })
          await untilVerified(onDisk, coordinator, beside)
          await untilCounted(site, counted + 4)
          expect(await healths()).toEqual([503, 503])
          expect((await attemptsOf(site)).counted).toBeLessThan(60)

          rmSync(filler)
          await until('they are healthy again', async () => (await healths()).every((status) => status === 200))
          await untilVerified(onDisk, coordinator, job)
          const { repeats, used } = await attemptsOf(site)
          expect(used + (await attemptsOf(site, 'beta')).used).toBe(0)
          expectAlive(coordinator, ...workers, elsewhere)
          saw(
            `health 503 while it was full, when the worker elsewhere counted ${said(elsewhere, 'chunk.counted').length} chunks of two tenants; ${repeats} chunks claimed again, ${used} attempts used`
          )
        } finally {
          disk.release()
        }
      }
    )
  }
)

/** Takes all the room there is; false when another has made some meanwhile. */
function fill(dir: string, filler: string): boolean {
  const { bavail, bsize } = statfsSync(dir)
  try {
    writeFileSync(filler, Buffer.alloc(bavail * bsize), { flag: 'a' })
  } catch {
    // What was written until then stays.
  }
  return statfsSync(dir).bavail === 0
}

/** The same site, some of whose workers have their objects in a directory. */
function alsoInDirectory(site: Site, dir: string): Site {
  const onDisk = directoryStore({ dir, logger: silentLogger })
  const either: ObjectStore = {
    ...site.objects,
    head: async (key) => (await onDisk.head(key)) ?? (await site.objects.head(key)),
    read: async function* (key, options) {
      yield* ((await onDisk.head(key)) === null ? site.objects : onDisk).read(key, options)
    }
  }
  return {
    ...site,
    stored: (look) => site.stored((stores) => look(stores, either)),
    keys: async (prefix) => [...(await site.keys(prefix)), ...(await keysOnDisk(site, dir, prefix))].sort()
  }
}

/** Names of files hold hashes of their keys: what no row names is shown by its path. */
async function keysOnDisk(site: Site, dir: string, prefix: string): Promise<readonly string[]> {
  const folder = folderPlace(dir, prefix)
  if (!existsSync(folder)) return []
  const id = prefix.split('/').at(-2) ?? ''
  const keys = new Map(
    (await Promise.all([TENANT, 'beta'].map((tenant) => namedKeys(site, { tenant, id }))))
      .flat()
      .map((key) => [filePlace(dir, key), key])
  )
  const found = readdirSync(folder, { recursive: true, withFileTypes: true })
  const paths = found.filter((each) => each.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  return paths.map((path) => keys.get(path) ?? path)
}

function canMount(): boolean {
  const dir = mkdtempSync(join(tmpdir(), 'faults-mount-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', dir], { stdio: 'ignore' })
    execFileSync('umount', [dir], { stdio: 'ignore' })
    return true
  } catch {
    return false
  } finally {
    rmSync(dir, { recursive: true })
  }
}
