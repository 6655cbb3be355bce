import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { authorityFile } from '../bench/parse-input.ts'
import { aDatabase } from '../support/postgres.ts'
import { createSourceTables, fillAuthorities } from '../support/source-records.ts'
import { startJob, untilTerminal } from '../system/jobs.ts'
import { databaseEnv, startProcess } from '../system/processes.ts'
import type { FuzzTarget } from './api-fuzzer.ts'
import type { ApiDocument } from './openapi-document.ts'

const TENANT = 'fuzzed'

export interface FuzzedService extends FuzzTarget {
  /** What the process has logged as failed; empty when all is well. */
  failures(): readonly unknown[]
  close(): Promise<void>
}

/** A process of the product, API and worker, over a database and a directory of its own, with a few operations to ask for. */
export async function aFuzzedService(): Promise<FuzzedService> {
  const db = await aDatabase('empty')
  const dir = await mkdtemp(join(tmpdir(), 'fuzz-api-'))
  await createSourceTables(db, TENANT)
  await fillAuthorities(db, TENANT, 20)
  const service = await startProcess('serve', {
    ...databaseEnv(db),
    OBJECTS_DIR: dir,
    RULES_SOURCE: 'default',
    IMPORT_ENABLED: 'true',
    RECORDS_CHUNK_SIZE: '5',
    LOG_LEVEL: 'warn',
    WORKER_THREADS: '1'
  })
  await service.ready()
  let hasEnded = false
  void service.ended().then(() => (hasEnded = true))
  const marc = authorityFile(7)
  const sourceName = 'names.mrc'
  const headers = { 'x-okapi-tenant': TENANT, 'content-type': 'application/json' }
  await fetch(`${service.url}/_/tenant`, { method: 'POST', headers, body: '{"module_to":"x-1.0.0"}' })
  await fetch(`${service.url}/marc-migrations/sources/${sourceName}`, { method: 'PUT', headers, body: Buffer.from(marc) })
  const jobs = await Promise.all([
    startJob(service.url, TENANT, { operationType: 'remapping' }),
    startJob(service.url, TENANT, { operationType: 'remapping' }),
    startJob(service.url, TENANT, { operationType: 'import', source: { name: sourceName } })
  ])
  await untilTerminal(service.url, jobs, 120_000)
  const chunks = await Promise.all(
    jobs.map(async ({ id }) => {
      const answer = await fetch(`${service.url}/marc-migrations/${id}/chunks`, { headers })
      return ((await answer.json()) as { chunks: { id: string }[] }).chunks
    })
  )
  return {
    port: service.port,
    document: (await (await fetch(`${service.url}/openapi.json`)).json()) as ApiDocument,
    known: {
      tenant: TENANT,
      spareTenants: ['spare', 'spare_two'],
      operationIds: jobs.map(({ id }) => id),
      chunkIds: chunks.flat().map(({ id }) => id),
      sourceName,
      marc
    },
    requireAlive: () => {
      if (hasEnded) throw new Error(`the process has ended: ${JSON.stringify(service.log.slice(-5))}`)
    },
    failures: () => service.log.filter(isFailure),
    close: async () => {
      service.kill('SIGKILL')
      await service.ended()
      await db.close()
      await rm(dir, { recursive: true, force: true })
    }
  }
}

/** An enabling that another request's purge came between has failed as it should. */
function isFailure({ msg, err }: Readonly<Record<string, unknown>>): boolean {
  return msg === 'process.crashed' || (msg === 'http.failed' && !JSON.stringify(err).includes('TENANT_PURGED'))
}
