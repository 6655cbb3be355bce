import { MigrationError } from '@marc-migrations/domain'
import type { ClusterSettings } from '@marc-migrations/domain'
import { createMetrics, serveAdmin, type AdminParts, type AdminServer } from '@marc-migrations/runtime'
import { afterEach, describe, expect, test } from 'vitest'

const JSON_TYPE = { 'content-type': 'application/json' }
const servers: AdminServer[] = []
afterEach(() => Promise.all(servers.splice(0).map((server) => server.close())))

interface Admin {
  ask(
    method: string,
    path: string,
    body?: unknown,
    headers?: Record<string, string>
  ): Promise<{ status: number; body: unknown }>
  readonly changes: object[]
}

/** Over settings as a store would keep them; the heartbeat's copy of them stays as old as it was. */
async function anAdmin(parts: Partial<AdminParts> = {}): Promise<Admin> {
  const changes: object[] = []
  const beat: ClusterSettings = { version: 1, paused: false, logLevel: null, throttlePerMinute: null }
  let stored = beat
  const server = await serveAdmin({
    host: '127.0.0.1',
    port: 0,
    metrics: { contentType: 'text/plain; version=0.0.4', text: () => Promise.resolve('up 1\n') },
    logLevel: 'info',
    settings: {
      current: () => beat,
      change: (change) => {
        changes.push(change)
        stored = { ...stored, ...change, version: stored.version + 1 }
        return Promise.resolve(stored)
      }
    },
    nodes: () => Promise.resolve([]),
    releaseSaveLock: () => Promise.resolve(null),
    ...parts
  })
  servers.push(server)
  return {
    changes,
    ask: async (method, path, body, headers = body === undefined ? {} : JSON_TYPE) => {
      const sent = body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }
      const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { method, headers, ...sent })
      const text = await answer.text()
      const isJson = answer.headers.get('content-type')?.startsWith('application/json') === true
      return { status: answer.status, body: isJson ? (JSON.parse(text) as unknown) : text }
    }
  }
}

describe('log levels', () => {
  test('are changed for the cluster, under any name, in Spring’s shape', async () => {
    const admin = await anAdmin()
    expect(await admin.ask('GET', '/admin/loggers/ROOT')).toEqual({ status: 200, body: { effectiveLevel: 'INFO' } })
    expect(await admin.ask('POST', '/admin/loggers/org.folio', { configuredLevel: 'DEBUG' })).toEqual({
      status: 204,
      body: ''
    })
    expect(admin.changes).toEqual([{ logLevel: 'debug' }])
    expect((await admin.ask('GET', '/admin/loggers/ROOT')).body).toEqual({
      configuredLevel: 'DEBUG',
      effectiveLevel: 'DEBUG'
    })
    expect((await admin.ask('GET', '/admin/loggers')).body).toMatchObject({
      loggers: { ROOT: { configuredLevel: 'DEBUG' } }
    })
  })

  test('go back to LOG_LEVEL with null', async () => {
    const admin = await anAdmin()
    await admin.ask('POST', '/admin/loggers/ROOT', { configuredLevel: 'TRACE' })
    await admin.ask('POST', '/admin/loggers/ROOT', { configuredLevel: null })
    expect((await admin.ask('GET', '/admin/loggers/ROOT')).body).toEqual({ effectiveLevel: 'INFO' })
  })

  test('must be levels', async () => {
    const admin = await anAdmin()
    for (const body of [{ configuredLevel: 'LOUD' }, { configuredLevel: 7 }, { configuredLevel: '__proto__' }, {}]) {
      expect((await admin.ask('POST', '/admin/loggers/ROOT', body)).status).toBe(400)
    }
    expect(admin.changes).toEqual([])
  })
})

describe('settings of the cluster', () => {
  test('are changed one by one, and shown as they are now', async () => {
    const admin = await anAdmin()
    expect((await admin.ask('POST', '/admin/settings', { paused: true })).body).toMatchObject({ paused: true, version: 2 })
    await admin.ask('POST', '/admin/settings', { throttlePerMinute: 600 })
    await admin.ask('POST', '/admin/settings', { throttlePerMinute: null, unknown: 1 })
    expect(admin.changes).toEqual([{ paused: true }, { throttlePerMinute: 600 }, { throttlePerMinute: null }])
    expect((await admin.ask('GET', '/admin/settings')).body).toMatchObject({ paused: true, version: 4 })
  })

  test('are refused where they make no sense', async () => {
    const admin = await anAdmin()
    for (const body of [
      { paused: 'yes' },
      { paused: null },
      { throttlePerMinute: 0 },
      { throttlePerMinute: 1.5 },
      [],
      '{'
    ]) {
      expect((await admin.ask('POST', '/admin/settings', body)).status, JSON.stringify(body)).toBe(400)
    }
    expect((await admin.ask('POST', '/admin/settings', 'x'.repeat(70_000))).status).toBe(413)
    expect(admin.changes).toEqual([])
  })
})

describe('a save lock', () => {
  test('is taken from its owner, who is named', async () => {
    const asked: string[][] = []
    const releaseSaveLock: AdminParts['releaseSaveLock'] = (...args) => {
      asked.push(args)
      return Promise.resolve('7d1e')
    }
    const admin = await anAdmin({ releaseSaveLock })
    const answer = await admin.ask('DELETE', '/admin/save-locks/diku/AUTHORITY')
    expect(answer).toEqual({ status: 200, body: { operationId: '7d1e' } })
    expect(asked).toEqual([['diku', 'authority']])
    expect((await admin.ask('DELETE', '/admin/save-locks/diku/holdings')).status).toBe(400)
    expect((await admin.ask('DELETE', '/admin/save-locks/di%27ku/authority')).status).toBe(400)
    expect(asked).toHaveLength(1)
  })

  test('that nobody has is not found', async () => {
    expect(await (await anAdmin()).ask('DELETE', '/admin/save-locks/diku/authority')).toMatchObject({
      status: 404,
      body: { errors: [{ code: 'not_found_error' }], total_records: 1 }
    })
  })
})

describe('the port', () => {
  test('answers no web page: a request with an Origin, or a form, changes nothing', async () => {
    const admin = await anAdmin()
    const page = { ...JSON_TYPE, origin: 'http://somewhere.example' }
    expect((await admin.ask('POST', '/admin/settings', { paused: true }, page)).status).toBe(403)
    expect((await admin.ask('POST', '/admin/settings', { paused: true }, { 'content-type': 'text/plain' })).status).toBe(415)
    expect(admin.changes).toEqual([])
  })

  test('knows its paths and their methods', async () => {
    const admin = await anAdmin()
    expect((await admin.ask('GET', '/admin/health')).status).toBe(404)
    expect((await admin.ask('GET', '/marc-migrations')).status).toBe(404)
    expect((await admin.ask('DELETE', '/admin/settings')).status).toBe(405)
    expect((await admin.ask('GET', '/admin/nodes')).body).toEqual({ nodes: [], totalRecords: 0 })
    expect(await admin.ask('GET', '/admin/metrics')).toEqual({ status: 200, body: 'up 1\n' })
  })

  test('says what failed in the envelope of the API', async () => {
    const away = () => Promise.reject(new MigrationError('STORE_UNAVAILABLE', { host: 'db' }))
    expect(await (await anAdmin({ nodes: away })).ask('GET', '/admin/nodes')).toMatchObject({
      status: 503,
      body: { errors: [{ code: 'service_error', message: 'STORE_UNAVAILABLE: host=db' }] }
    })
  })
})

describe('metrics', () => {
  test('are the process’s own and what was counted', async () => {
    const job = { tenant: 'diku', operationId: '7d1e', stage: 'DATA_MAPPING', progress: 0.25, dueChunks: 3 } as const
    let jobs = [job]
    const metrics = createMetrics({ leaseAges: () => [2.5, 7], jobs: () => Promise.resolve(jobs) })
    metrics.records('authority', 'mapped', 498)
    metrics.records('authority', 'rejected', 2)
    metrics.chunk('DATA_MAPPING', 'counted', 0.3)
    metrics.chunk('DATA_MAPPING', 'fenced', 9)
    metrics.objectPut(0.02)
    const text = await metrics.text()
    for (const line of [
      'marc_migration_records_total{entity="authority",outcome="mapped"} 498',
      'marc_migration_records_total{entity="authority",outcome="rejected"} 2',
      'marc_migration_chunks_total{outcome="counted"} 1',
      'marc_migration_chunks_total{outcome="fenced"} 1',
      'marc_migration_chunk_duration_seconds_bucket{le="0.5",stage="DATA_MAPPING"} 1',
      'marc_migration_chunk_duration_seconds_count{stage="DATA_MAPPING"} 1',
      'marc_migration_s3_put_duration_seconds_count 1',
      'marc_migration_chunks_in_flight 2',
      'marc_migration_chunk_lease_age_seconds 7',
      'marc_migration_due_chunks 3',
      'marc_migration_job_progress_ratio{tenant="diku",operation="7d1e",stage="DATA_MAPPING"} 0.25'
    ]) {
      expect(text).toContain(`${line}\n`)
    }
    expect(text).toMatch(/^process_resident_memory_bytes \d+$/m)
    jobs = []
    expect(await metrics.text()).not.toContain('7d1e')
  })
})
