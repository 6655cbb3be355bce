import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { defaultRules } from '@marc-migrations/mapping'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { storesOn } from '../support/store-fixtures.ts'
import { audit } from '../system/jobs.ts'
import { aService } from './a-service.ts'
import type { Service } from './a-service.ts'

const CHUNK = 5
const RECORDS = 20
/** Number of the record whose 035 the expression never comes to an end with, in the third chunk. */
const ENDLESS = 12
const CATASTROPHE = '(a+)+b'

let rulesDir: string
let service: Service
beforeAll(async () => {
  rulesDir = await mkdtemp(join(tmpdir(), 'hostile-rules-'))
  const { rules, params } = defaultRules.instance
  const hostile = JSON.stringify(JSON.parse(rules), (key, value: unknown) => (key === 'oclc_regex' ? CATASTROPHE : value))
  expect(hostile).toContain(CATASTROPHE)
  await writeFile(join(rulesDir, 'instance.rules.json'), hostile)
  await writeFile(join(rulesDir, 'instance.params.json'), params)
  service = await aService({
    RULES_SOURCE: 'directory',
    RULES_DIR: rulesDir,
    RECORDS_CHUNK_SIZE: String(CHUNK),
    MAPPING_DEADLINE_MS: '6000',
    MAPPING_DEADLINE_PER_RECORD_MS: '1'
  })
}, 240_000)
afterAll(async () => {
  await service.close()
  await rm(rulesDir, { recursive: true })
})

test('a rule with an expression that never ends costs its chunk, with a reason; the worker lives on and maps the rest', async () => {
  const lines = Array.from({ length: RECORDS }, (_, i) => JSON.stringify(aRecord(i)))
  expect((await service.upload('diku', 'names.jsonl', Buffer.from(`${lines.join('\n')}\n`))).status).toBe(201)
  const answers: number[] = []
  const asked = setInterval(() => {
    void service.ask('GET', '/admin/health').then(({ status }) => answers.push(status))
  }, 250)
  const source = { name: 'names.jsonl', format: 'jsonl' }
  const ended = await service.run('diku', { entityType: 'instance', operationType: 'import', source })
  clearInterval(asked)

  expect(ended).toMatchObject({
    status: 'data_mapping_failed',
    totalNumOfRecords: RECORDS,
    mappedNumOfRecords: RECORDS - CHUNK,
    rejectedNumOfRecords: CHUNK
  })
  const [chunk] = await service.db.query<{ position: string; attempts: number; reasons: string }>(
    `select c.position, c.attempts, s.error_chunk_file_name as reasons
       from diku_mod_marc_migrations.operation_chunk c join diku_mod_marc_migrations.operation_chunk_step s on s.id = c.step_id
      where c.rejected_share > 0`
  )
  expect(chunk).toMatchObject({ position: String(Math.floor(ENDLESS / CHUNK)), attempts: 5 })
  const reasons = await service.lines(chunk?.reasons ?? '')
  expect(reasons).toHaveLength(CHUNK)
  for (const reason of reasons)
    expect(reason).toContain('could not be mapped in 5 attempts: each time the process or the mapper')
  const passed = service.process.log.filter(
    ({ msg, err }) => msg === 'chunk.given-back' && JSON.stringify(err).includes('DEADLINE_PASSED')
  )
  expect(passed.length).toBeGreaterThanOrEqual(5)
  // The thread was in the expression for half a minute; who asked the process in that time was answered.
  expect(answers.length).toBeGreaterThan(20)
  expect(new Set(answers)).toEqual(new Set([200]))
  const stores = await storesOn(service.db)
  try {
    expect((await audit({ tenant: 'diku', id: ended.id }, stores, service.objects)).findings).toEqual([])
  } finally {
    await stores.close()
  }
}, 400_000)

function aRecord(i: number): unknown {
  const number = i === ENDLESS ? `${'a'.repeat(60)}!` : `(OCoLC)${i}`
  return {
    leader: '00000nam a2200000n  4500',
    fields: [
      { '001': `n${i}` },
      { '035': { ind1: ' ', ind2: ' ', subfields: [{ a: number }] } },
      { 245: { ind1: '1', ind2: '0', subfields: [{ a: `Title ${i}` }] } }
    ]
  }
}
