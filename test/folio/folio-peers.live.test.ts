import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ObjectStore, SourceRow } from '@marc-migrations/domain'
import { compileMapping, defaultRules } from '@marc-migrations/mapping'
import { directoryStore } from '@marc-migrations/objects'
import { describe, expect } from 'vitest'
import { folioPeers, type FolioPeers, type FolioPeersOptions } from '../support/folio-peers.ts'
import { fates } from '../support/peer-fate.ts'
import { silentLogger } from '../support/silent-logger.ts'
import { createSourceTables, fillAuthorities, fillInstances } from '../support/source-records.ts'
import { test as onStore } from '../support/store-fixtures.ts'

interface Peers {
  readonly objects: ObjectStore
  readonly start: (options?: FolioPeersOptions) => Promise<FolioPeers>
}

const test = onStore.extend<Peers>({
  objects: async ({}, use) => {
    const dir = mkdtempSync(join(tmpdir(), 'peers-test-'))
    await use(directoryStore({ dir, logger: silentLogger }))
    rmSync(dir, { recursive: true, force: true })
  },
  start: async ({ db, objects }, use) => {
    const started: FolioPeers[] = []
    await use(async (options = {}) => {
      const peers = await folioPeers({ db, objects, ...options })
      started.push(peers)
      return peers
    })
    for (const peers of started) await peers.stop()
  }
})

const paths = { authority: '/authority-storage/authorities', instance: '/instance-storage/instances' } as const
const FILE = 'sub/operation/1/2_entity'

async function save(peers: FolioPeers, type: 'authority' | 'instance', recordsFileName = FILE) {
  const answer = await fetch(`${peers.url}${paths[type]}/bulk`, {
    method: 'POST',
    headers: { 'x-okapi-tenant': 'diku', 'content-type': 'application/json' },
    body: JSON.stringify({ recordsFileName, publishEvents: true })
  })
  return { status: answer.status, body: JSON.parse(await answer.text()) as Record<string, unknown> }
}

async function read(peers: FolioPeers, path: string) {
  const answer = await fetch(`${peers.url}${path}`, { headers: { 'x-okapi-tenant': 'diku' } })
  return (await answer.json()) as Record<string, unknown>
}

const titles = { precedingTitles: [], succeedingTitles: [] }

function put(objects: ObjectStore, ...lines: readonly (object | string)[]) {
  const texts = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
  return objects.put(FILE, Buffer.from(`${texts.join('\n')}\n`))
}

async function linesOf(objects: ObjectStore, key: unknown): Promise<string[]> {
  const pieces: Uint8Array[] = []
  for await (const piece of objects.read(String(key))) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8').split('\n').slice(0, -1)
}

describe('the authority storage of the tests', () => {
  test('saves a file, takes an equal version again, and refuses an older one', async ({ objects, start }) => {
    const peers = await start()
    const id = randomUUID()
    await put(objects, { id, _version: 2, personalName: 'Dvořák' })
    expect(await save(peers, 'authority')).toEqual({ status: 200, body: { errorsNumber: 0 } })
    expect(await save(peers, 'authority')).toEqual({ status: 200, body: { errorsNumber: 0 } })
    expect(await peers.stored('diku', 'authority')).toMatchObject([{ id, version: 2, writes: 2 }])

    await put(objects, { id, _version: 1 }, 'no JSON')
    const { status, body } = await save(peers, 'authority')
    expect({ status, errors: body['errorsNumber'] }).toEqual({ status: 200, errors: 2 })
    expect(await linesOf(objects, `${FILE}_errors`)).toEqual([
      `${id},Cannot update record ${id} because it has been changed (optimistic locking): ` +
        'Stored _version is 2, _version of request is 1',
      'null,Cannot be parsed'
    ])
    expect(await linesOf(objects, `${FILE}_failedEntities`)).toEqual([`{"id":"${id}","_version":1}`, '"no JSON"'])
  })

  test('may raise the version, so that the same file conflicts', async ({ objects, start }) => {
    const peers = await start({ authorityUpsertRaises: true, errorsNumberAs: 'text' })
    await put(objects, { id: randomUUID(), _version: 0 })
    expect(await save(peers, 'authority')).toMatchObject({ body: { errorsNumber: '0' } })
    expect(await save(peers, 'authority')).toMatchObject({ body: { errorsNumber: '0' } })
    expect(await save(peers, 'authority')).toMatchObject({ body: { errorsNumber: '1' } })
  })

  test("keeps the version in FOLIO's own table in step", async ({ db, objects, start }) => {
    await createSourceTables(db, 'diku')
    await fillAuthorities(db, 'diku', 3)
    const peers = await start({ authorityUpsertRaises: true })
    const version = async () =>
      await db.query<{ id: string; _version: number }>(
        `select id::text, _version from diku_mod_entities_links.authority where _version = 2`
      )
    const [known] = await version()
    await put(objects, { id: known?.id, _version: 1 })
    expect(await save(peers, 'authority')).toMatchObject({ body: { errorsNumber: 1 } })
    await put(objects, { id: known?.id, _version: 2 })
    expect(await save(peers, 'authority')).toMatchObject({ body: { errorsNumber: 0 } })
    expect(await version()).toEqual([])
  })
})

describe('the instance storage of the tests', () => {
  test('wants the stored version and raises it', async ({ db, objects, start }) => {
    await createSourceTables(db, 'diku')
    await fillInstances(db, 'diku', 4)
    const peers = await start()
    const [row] = await db.query<{ id: string }>(
      `select id::text from diku_mod_inventory_storage.instance where jsonb ->> '_version' = '3'`
    )
    await put(objects, { id: row?.id, _version: 3, title: 'after', ...titles })
    expect(await save(peers, 'instance')).toEqual({ status: 201, body: { errorsNumber: 0 } })
    expect(await save(peers, 'instance')).toMatchObject({ status: 201, body: { errorsNumber: 1 } })
    expect(await linesOf(objects, `${FILE}_errors`)).toEqual([
      `${row?.id}, Cannot update record ${row?.id} because it has been changed (optimistic locking): ` +
        'Stored _version is 4, _version of request is 3'
    ])
    const [after] = await db.query(`select jsonb from diku_mod_inventory_storage.instance where id = $1`, [row?.id])
    expect(after).toMatchObject({ jsonb: { title: 'after', _version: 4 } })
  })

  test.for([['{"id":"x"'], ['']])('fails the whole file for %j', async ([line = ''], { objects, start }) => {
    const peers = await start()
    await put(objects, { id: randomUUID(), ...titles }, line)
    await expect(save(peers, 'instance')).rejects.toThrow()
    expect(peers.calls).toMatchObject([{ applied: false, status: 500 }])
    expect(await peers.stored('diku', 'instance')).toEqual([])
  })

  test('gives what it stores by id and by query, ten unless more are asked for', async ({ objects, start }) => {
    const peers = await start()
    const ids = Array.from({ length: 12 }, () => randomUUID())
    await put(objects, ...ids.map((id) => ({ id, ...titles })))
    await save(peers, 'instance')
    expect(await read(peers, `${paths.instance}/${ids[0]}`)).toMatchObject({ id: ids[0], _version: 1 })
    const query = encodeURIComponent(`id==(${[...ids, randomUUID()].map((id) => `"${id}"`).join(' or ')})`)
    expect(await read(peers, `${paths.instance}?query=${query}`)).toMatchObject({
      instances: { length: 10 },
      totalRecords: 12
    })
    expect(await read(peers, `${paths.instance}?query=${query}&limit=50`)).toMatchObject({ instances: { length: 12 } })
  })
})

describe('faults on demand', () => {
  test('a cut before leaves nothing behind, a cut after everything', async ({ objects, start }) => {
    const peers = await start()
    await put(objects, { id: randomUUID() })
    peers.next('authority', fates.cutBefore, fates.cutAfter)
    await expect(save(peers, 'authority')).rejects.toThrow()
    expect(await peers.stored('diku', 'authority')).toEqual([])
    await expect(save(peers, 'authority')).rejects.toThrow()
    expect(await peers.stored('diku', 'authority')).toHaveLength(1)
    expect(peers.callsTo('authority')).toMatchObject([
      { applied: false, status: null },
      { applied: true, status: null, headers: { 'x-okapi-tenant': 'diku' }, body: { recordsFileName: FILE } }
    ])
  })

  test('a planted answer names the files it wrote, or none', async ({ objects, start }) => {
    const peers = await start()
    await put(objects, { id: randomUUID(), ...titles })
    peers.next('instance', fates.planted(2), fates.planted(2, ['x,error1', 'error2']), fates.planted(0, []))
    expect(await save(peers, 'instance')).toEqual({ status: 201, body: { errorsNumber: 2 } })
    expect(await save(peers, 'instance')).toMatchObject({ body: { errorsNumber: 2, errorsFileName: `${FILE}_errors` } })
    expect(await linesOf(objects, `${FILE}_errors`)).toEqual(['x,error1', 'error2'])
    expect(await save(peers, 'instance')).toMatchObject({ body: { errorsNumber: 0, errorsFileName: `${FILE}_errors` } })
    expect(await linesOf(objects, `${FILE}_errors`)).toEqual([])
  })

  test('chance repeats with its seed, and lets a file through in the end', async ({ objects, start }) => {
    await put(objects, { id: randomUUID() })
    const run = async (seed: number) => {
      const peers = await start()
      peers.atRandom('authority', { seed, share: 0.9, fates: [fates.answer(503, '{}')], mostInARow: 2 })
      for (let call = 0; call < 30; call++) await save(peers, 'authority')
      return peers.callsTo('authority').map(({ status }) => status)
    }
    const first = await run(7)
    expect(await run(7)).toEqual(first)
    expect(await run(8)).not.toEqual(first)
    expect(first.join(' ')).toMatch(/503 503 200/)
    expect(first.join(' ')).not.toMatch(/503 503 503/)
  })

  test('metadata is what our own rules say until it is told otherwise', async ({ start }) => {
    const peers = await start()
    expect(await read(peers, '/mapping-metadata/type/marc-bib')).toEqual({
      mappingRules: defaultRules.instance.rules,
      mappingParams: defaultRules.instance.params
    })
    peers.rules.authority = { rules: '{}', params: '{}' }
    expect(await read(peers, '/mapping-metadata/type/marc-authority')).toEqual({ mappingRules: '{}', mappingParams: '{}' })
  })
})

test('made bibliographic records are the same each time, and all can be mapped and saved', async ({
  db,
  objects,
  start
}) => {
  const stored = `select r.id::text as "marcId", r.external_id::text as "recordId", m.content::text as marc, r.state,
                         (i.jsonb ->> '_version')::int as version
                    from diku_mod_source_record_storage.records_lb r
                    join diku_mod_source_record_storage.marc_records_lb m on m.id = r.id
                    join diku_mod_inventory_storage.instance i on i.id = r.external_id order by r.id`
  await createSourceTables(db, 'diku')
  await fillInstances(db, 'diku', 30)
  await fillInstances(db, 'diku', 20, 30)
  const rows = await db.query<SourceRow>(stored)
  await createSourceTables(db, 'college')
  await fillInstances(db, 'college', 50)
  expect(await db.query(stored.replaceAll('diku', 'college'))).toEqual(rows)

  const mapping = compileMapping({ entityType: 'instance', ...defaultRules.instance })
  const lines = rows.map((row) => mapping.remapRow(row)).flatMap((record) => (record.ok ? [record.line] : []))
  expect(lines).toHaveLength(50)
  await put(objects, ...lines)
  expect(await save(await start(), 'instance')).toMatchObject({ body: { errorsNumber: 0 } })
  expect(lines[0]).toMatch(/"title":"Symphony number \d+ : in E minor \/ Антонин Дворжак\."/)
})
