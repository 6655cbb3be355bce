import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { directoryStore } from '@marc-migrations/objects'
import type { ObjectStore } from '@marc-migrations/domain'
import { aDatabase } from '../support/postgres.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { silentLogger } from '../support/silent-logger.ts'
import { until } from '../system/jobs.ts'
import { databaseEnv, startProcess } from '../system/processes.ts'
import type { Process } from '../system/processes.ts'

const USER = '11111111-1111-4111-8111-111111111111'

/** An operation as the API shows it. */
export interface Shown {
  readonly id: string
  readonly status: string
  readonly stopReason?: string
  readonly totalNumOfRecords: number
  readonly mappedNumOfRecords: number
  readonly rejectedNumOfRecords?: number
}

interface Ask {
  readonly tenant?: string
  readonly body?: string | Buffer | ReadableStream
  readonly type?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** API and worker in one process of the product, over a database and a directory of its own, and what a client does with it. */
export interface Service {
  readonly db: TestDatabase
  readonly objects: ObjectStore
  readonly dir: string
  readonly process: Process
  ask(method: string, path: string, request?: Ask): Promise<Response>
  upload(tenant: string, name: string, pieces: AsyncIterable<Uint8Array> | Uint8Array): Promise<Response>
  /** Starts an operation and follows it to its end. */
  run(tenant: string, body: Record<string, unknown>, headers?: Readonly<Record<string, string>>): Promise<Shown>
  /** Lines of an object, by its key. */
  lines(key: string): Promise<readonly string[]>
  /** The most memory the process ever had, and what it has now, in bytes. */
  memory(): { readonly peak: number; readonly now: number }
  close(): Promise<void>
}

export async function aService(env: Record<string, string> = {}): Promise<Service> {
  const db = await aDatabase('migrated')
  const dir = await mkdtemp(join(tmpdir(), 'security-'))
  const process = await startProcess('serve', {
    ...databaseEnv(db),
    OBJECTS_DIR: dir,
    RULES_SOURCE: 'default',
    IMPORT_ENABLED: 'true',
    WORKER_THREADS: '1',
    ...env
  })
  await process.ready()
  const objects = directoryStore({ dir, logger: silentLogger })
  const ask: Service['ask'] = (method, path, { tenant = 'diku', body, type = 'application/json', headers = {} } = {}) =>
    fetch(process.url + path, {
      method,
      headers: {
        'x-okapi-tenant': tenant,
        'x-okapi-user-id': USER,
        ...(body === undefined ? {} : { 'content-type': type }),
        ...headers
      },
      redirect: 'manual',
      ...(body === undefined ? {} : { body, duplex: 'half' })
    })
  const lines = async (key: string): Promise<readonly string[]> => {
    const pieces: Uint8Array[] = []
    for await (const piece of objects.read(key)) pieces.push(piece)
    return Buffer.concat(pieces).toString('utf8').split('\n').slice(0, -1)
  }
  const run: Service['run'] = async (tenant, body, headers = {}) => {
    const started = await ask('POST', '/marc-migrations', {
      tenant,
      headers,
      body: JSON.stringify({ entityType: 'authority', ...body })
    })
    if (started.status !== 201) throw new Error(`${started.status} ${await started.text()}`)
    let shown = (await started.json()) as Shown
    await until(
      `${shown.id} is terminal`,
      async () => {
        shown = (await (await ask('GET', `/marc-migrations/${shown.id}`, { tenant })).json()) as Shown
        return /_(completed|failed)$/.test(shown.status)
      },
      180_000
    )
    return shown
  }
  return {
    db,
    objects,
    dir,
    process,
    ask,
    upload: (tenant, name, pieces) => {
      const body =
        pieces instanceof Uint8Array ? Buffer.from(pieces) : (Readable.toWeb(Readable.from(pieces)) as ReadableStream)
      return ask('PUT', `/marc-migrations/sources/${name}`, { tenant, body, type: 'application/octet-stream' })
    },
    run,
    lines,
    memory: () => ({ peak: memoryOf(process.pid, 'VmHWM'), now: memoryOf(process.pid, 'VmRSS') }),
    close: async () => {
      process.kill('SIGKILL')
      await process.ended()
      await db.close()
      await rm(dir, { recursive: true, force: true })
    }
  }
}

function memoryOf(pid: number, what: 'VmHWM' | 'VmRSS'): number {
  const line = readFileSync(`/proc/${pid}/status`, 'utf8')
    .split('\n')
    .find((each) => each.startsWith(what))
  return Number(/(\d+) kB/.exec(line ?? '')?.[1]) * 1024
}
