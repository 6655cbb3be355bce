import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectStore } from '@marc-migrations/domain'
import { expect } from 'vitest'
import type { Verification } from '../../apps/cli/src/verify/run-verify.ts'
import { audit, enableTenant, headersOf, startImport, until, untilTerminal } from '../system/jobs.ts'
import type { Job } from '../system/jobs.ts'
import type { Process } from '../system/processes.ts'
import type { Site } from './site.ts'

export interface FaultJob extends Job {
  readonly records: number
  readonly broken: number
  /** The uploaded file. */
  readonly path: string
}

export const TENANT = 'alpha'
/** For a machine with far too much to do; a stall would last for ever. */
const TERMINAL_MS = 200_000
const command = join(import.meta.dirname, '..', '..', 'apps', 'cli', 'bin', 'marc-migrations.js')

/** Settings of a process that meets faults at exact points. */
export function failpoints(...points: readonly string[]): Record<string, string> {
  return { FAILPOINTS: points.join(','), NODE_ENV: 'test' }
}

/** Each chunk takes this long at least, so that a job outlasts what happens to it. */
export const pace = (ms: number): string => `before.source.read=wait:${ms}`

/** Starts the import of a generated file, some of whose records cannot be read. */
export async function aJob(
  site: Site,
  { url }: Process,
  { records = 600, broken = 3, seed = 1, tenant = TENANT } = {}
): Promise<FaultJob> {
  await enableTenant(url, tenant)
  const dir = await mkdtemp(join(site.dir, 'job-'))
  const job = await startImport(url, tenant, dir, { records, broken, seed })
  return { ...job, records, broken, path: join(dir, `${tenant}.mrc`) }
}

/**
 * The end of every fault: the operation becomes terminal by itself (I7), the auditor finds nothing (I1–I5), and no attempt has
 * left an object behind.
 *
 * @param rejected records without an entity, for another reason than the one the job was made with
 */
export async function untilVerified(
  site: Site,
  { url }: Process,
  job: FaultJob,
  rejected = job.broken
): Promise<Verification> {
  await untilTerminal(url, [job], TERMINAL_MS)
  const manifest = await site.stored((stores, objects) => audit(job, stores, objects))
  expectUnbroken(manifest)
  const status = rejected === 0 ? 'DATA_MAPPING_COMPLETED' : 'DATA_MAPPING_FAILED'
  const { records: total } = job
  expect(manifest).toMatchObject({ status, stopReason: null, total, mapped: total - rejected, rejected, drift: 0 })
  await untilNothingIsLeft(site, [job])
  return manifest
}

/** The auditor finds nothing broken in what he was shown. */
export function expectUnbroken({ findings }: Verification): void {
  expect(findings.filter(({ severity }) => severity === 'broken')).toEqual([])
}

/** As `untilVerified`, and its lines are byte for byte those of a single process over the same file (I2). */
export async function untilSound(site: Site, coordinator: Process, job: FaultJob): Promise<Verification> {
  const manifest = await untilVerified(site, coordinator, job)
  const lines = await site.stored((_, objects) => digestOf(manifest, objects))
  expect(lines).toBe(await singleProcessDigest(job))
  return manifest
}

/** Objects of the operations are those that rows name, no more: losers' are deleted at the count, or a lease after the end. */
export async function untilNothingIsLeft(site: Site, jobs: readonly Job[]): Promise<void> {
  for (const { tenant, id } of jobs) {
    const keys = await namedKeys(site, { tenant, id })
    let stand: readonly string[] = []
    const same = async (): Promise<boolean> => {
      stand = await objectsOf(site, id)
      return stand.length === keys.length && stand.every((key, i) => key === keys[i])
    }
    await until('only what was counted stands', same, 30_000).catch(() => expect(stand).toEqual(keys))
  }
}

/** Keys that the rows of an operation name, sorted. */
export async function namedKeys(site: Site, { tenant, id }: Job): Promise<readonly string[]> {
  const named = await site.query<{ key: string | null }>(
    `select entity_chunk_file_name as key from ${tenant}_mod_marc_migrations.operation_chunk where operation_id = $1
      union select entity_error_chunk_file_name from ${tenant}_mod_marc_migrations.operation_chunk_step where operation_id = $1
      union select error_chunk_file_name from ${tenant}_mod_marc_migrations.operation_chunk_step where operation_id = $1`,
    [id]
  )
  return named.flatMap(({ key }) => key ?? []).sort()
}

/** Keys of everything that stands for an operation, sorted. */
export function objectsOf(site: Site, operationId: string): Promise<readonly string[]> {
  return site.keys(`test/operation/${operationId}/`)
}

async function digestOf({ objects: files }: Verification, objects: ObjectStore): Promise<string> {
  const hash = createHash('sha256')
  for (const { key } of files) for await (const piece of objects.read(key)) hash.update(piece)
  return hash.digest('hex')
}

const digests = new Map<string, Promise<string>>()

/** What `marc-migrations map`, one process without any server, makes of the file. */
async function singleProcessDigest({ path, tenant }: FaultJob): Promise<string> {
  const source = createHash('sha256').update(tenant).update(readFileSync(path)).digest('hex')
  const known = digests.get(source) ?? mapAlone(path, tenant)
  digests.set(source, known)
  return await known
}

async function mapAlone(path: string, tenant: string): Promise<string> {
  const args = [command, 'map', path, '--entity', 'authority', '--tenant', tenant]
  const text = await new Promise<string>((resolve) => {
    // Its exit code says whether there were records that cannot be read: there are.
    execFile(process.execPath, args, { maxBuffer: 1e9 }, (_, stdout) => resolve(stdout))
  })
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('{"error":'))
  return createHash('sha256')
    .update(lines.map((line) => `${line}\n`).join(''))
    .digest('hex')
}

export interface Attempts {
  readonly chunks: number
  /** Claims beyond the first of each chunk. */
  readonly repeats: number
  /** Attempts that count against a chunk. */
  readonly used: number
  readonly counted: number
}

/** How often chunks were claimed, and what that cost them. */
export async function attemptsOf(site: Site, tenant = TENANT): Promise<Attempts> {
  const [row] = await site.query<Attempts & Record<string, unknown>>(
    `select count(*)::int as chunks, coalesce(sum(greatest(epoch - 1, 0)), 0)::int as repeats,
            coalesce(sum(attempts), 0)::int as used, count(file_epoch)::int as counted
       from ${tenant}_mod_marc_migrations.operation_chunk`
  )
  if (row === undefined) throw new Error('no chunks')
  return row
}

export async function untilCounted(site: Site, chunks: number, tenant = TENANT): Promise<void> {
  await until(`${chunks} chunks are counted`, async () => (await attemptsOf(site, tenant)).counted >= chunks)
}

/** Chunks whose lease a process has, dead or alive. */
export async function heldBy(site: Site, { pid }: Process, tenant = TENANT): Promise<readonly string[]> {
  const rows = await site.query<{ id: string }>(
    `select c.id from ${tenant}_mod_marc_migrations.operation_chunk c
       join marc_migrations_control.node n on n.id = c.lease_owner where n.pid = $1`,
    [pid]
  )
  return rows.map(({ id }) => id)
}

/** Log lines of this event. */
export function said({ log }: Process, event: string): readonly Record<string, unknown>[] {
  return log.filter(({ msg }) => msg === event)
}

/** Waits for a process to have stopped itself, as a failpoint does. */
export async function untilStopped({ pid }: Process): Promise<void> {
  const state = (): string | undefined => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.[0]
  await until('the process has stopped', () => Promise.resolve(state() === 'T'))
}

/** None of them has ended: what failed around them was no error of theirs. */
export function expectAlive(...processes: readonly Process[]): void {
  for (const { pid } of processes) expect(() => process.kill(pid, 0)).not.toThrow()
}

/** `pause`, `resume`, `cancel`, `retry-failed`; the answer's body. */
export async function callJob({ url }: Process, { tenant, id }: Job, what: string): Promise<unknown> {
  const answer = await fetch(`${url}/marc-migrations/${id}/${what}`, { method: 'POST', headers: headersOf(tenant) })
  expect(answer.ok, `${what} is answered ${answer.status}`).toBe(true)
  return await answer.json()
}
