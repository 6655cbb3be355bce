import { randomUUID } from 'node:crypto'
import { aDatabase } from '../support/postgres.ts'
import { createSourceTables } from '../support/source-records.ts'
import { databaseEnv, startProcess } from '../system/processes.ts'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { peakRssMb, report } from './box.ts'

const RECORDS = Number(process.env['BENCH_SPLIT_RECORDS'] ?? 1_000_000)

/** A coordinator alone cuts a million ids into chunk rows and publishes the first of them. */
export async function run(): Promise<void> {
  const db = await aDatabase('empty')
  const dir = mkdtempSync(join(tmpdir(), 'bench-split-'))
  try {
    await createSourceTables(db, 'bench')
    const made = `select md5('r' || i)::uuid as id, md5('a' || i)::uuid as external_id from generate_series(1, ${RECORDS}) i`
    await db.query(`insert into bench_mod_source_record_storage.records_lb select id, external_id, 'ACTUAL', 'MARC_AUTHORITY' from (${made}) m;
      insert into bench_mod_entities_links.authority select external_id from (${made}) m;
      analyze bench_mod_source_record_storage.records_lb; analyze bench_mod_entities_links.authority`)
    const coordinator = await startProcess('coordinator', {
      ...databaseEnv(db),
      OBJECTS_DIR: dir,
      RULES_SOURCE: 'default',
      CHUNK_FETCH_IDS_COUNT: '5000'
    })
    await coordinator.ready()
    const headers = { 'x-okapi-tenant': 'bench', 'x-okapi-user-id': randomUUID(), 'content-type': 'application/json' }
    await fetch(`${coordinator.url}/_/tenant`, {
      method: 'POST',
      headers,
      body: '{"module_to":"mod-marc-migrations-1.0.0"}'
    })
    const body = JSON.stringify({ entityType: 'authority', operationType: 'remapping' })
    const started = await fetch(`${coordinator.url}/marc-migrations`, { method: 'POST', headers, body })
    const { id } = (await started.json()) as { id: string }
    const times = async () =>
      (
        await db.query<{ sealed: boolean; first: number | null; now: number }>(
          `select o.chunking_sealed as sealed, extract(epoch from min(c.published_at) - o.created_at)::float8 as first,
                  extract(epoch from clock_timestamp() - o.created_at)::float8 as now
             from bench_mod_marc_migrations.operation o join bench_mod_marc_migrations.operation_chunk c on c.operation_id = o.id
            where o.id = $1 group by o.id`,
          [id]
        )
      )[0]
    let seen = await times()
    while (seen?.sealed !== true) {
      await new Promise((resolve) => setTimeout(resolve, 50))
      seen = await times()
    }
    report('split-cost', 's per 1 M records', (seen.now * 1e6) / RECORDS, { n: RECORDS, firstHintSeconds: seen.first })
    report('split-rss', 'MB', peakRssMb(coordinator.pid), { n: RECORDS })
    coordinator.kill('SIGTERM')
    await coordinator.ended()
  } finally {
    await db.close()
    rmSync(dir, { recursive: true })
  }
}
