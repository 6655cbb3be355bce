import { randomUUID } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { EntityType, ObjectStore } from '@marc-migrations/domain'
import { directoryStore } from '@marc-migrations/objects'
import { describe, expect } from 'vitest'
import { folioPeers, type FolioPeers } from '../support/folio-peers.ts'
import { fates, type Fate } from '../support/peer-fate.ts'
import { silentLogger } from '../support/silent-logger.ts'
import { test as onStore } from '../support/store-fixtures.ts'
import { bulkCall, FILE, folioOf, type Folio } from './folio-fixtures.ts'

const test = onStore.extend<{ objects: ObjectStore; peers: FolioPeers; folio: Folio }>({
  objects: async ({}, use) => {
    const dir = mkdtempSync(join(tmpdir(), 'folio-test-'))
    await use(directoryStore({ dir, logger: silentLogger }))
    rmSync(dir, { recursive: true, force: true })
  },
  peers: async ({ db, objects }, use) => {
    const peers = await folioPeers({ db, objects, errorsNumberAs: 'text' })
    await use(peers)
    await peers.stop()
  },
  folio: async ({}, use) => {
    const folio = folioOf()
    await use(folio)
    await folio.client.close()
  }
})

const never = new AbortController().signal
const titles = { precedingTitles: [], succeedingTitles: [] }
const types: readonly EntityType[] = ['authority', 'instance']

async function putEntities(objects: ObjectStore, ids: readonly string[]): Promise<void> {
  const lines = ids.map((id) => JSON.stringify({ id, _version: 1, source: 'MARC', ...titles }))
  await objects.put(FILE, Buffer.from(`${lines.join('\n')}\n`))
}

const someIds = (count: number) => Array.from({ length: count }, () => randomUUID())

describe('a file is saved by the storage module, and read back', () => {
  test.for(types)('%s', async (entityType, { objects, peers, folio }) => {
    const ids = someIds(120)
    await putEntities(objects, ids)
    const call = bulkCall(peers.url, entityType)
    expect(await folio.sink.save(call, never)).toMatchObject({ outcome: 'answered', errors: 0, outcomeUnknown: false })
    const missing = randomUUID()
    const stored = await folio.sink.stored(call, [...ids, missing, ids[0] ?? '', 'no id"'], never)
    expect([...stored.keys()].sort()).toEqual([...ids].sort())
    expect(stored.get(ids[7] ?? '')).toMatchObject({ id: ids[7], source: 'MARC', _version: 1 })
    const reads = peers.callsTo('read')
    expect(reads.map(({ path }) => new URL(path, peers.url).searchParams.get('limit'))).toEqual(['50', '50', '21'])
    expect(Math.max(...reads.map(({ path }) => path.length))).toBeLessThan(4_000)
    expect(reads[0]?.headers['x-okapi-token']).toBe(call.headers['x-okapi-token'])
  })
})

test('an instance saved by a try whose answer was cut conflicts with the next, and the outcome is said to be open', async ({
  objects,
  peers,
  folio
}) => {
  const [id = ''] = someIds(1)
  await putEntities(objects, [id])
  await folio.sink.save(bulkCall(peers.url, 'instance'), never)
  peers.next('instance', fates.cutAfter)
  const answer = await folio.sink.save(bulkCall(peers.url, 'instance'), never)
  expect(answer).toEqual({
    outcome: 'answered',
    outcomeUnknown: true,
    errors: 1,
    errorRecordsFileName: `${FILE}_failedEntities`,
    errorsFileName: `${FILE}_errors`
  })
  expect(await peers.stored('diku', 'instance')).toMatchObject([{ id, version: 2, writes: 2 }])
})

describe('reading back', () => {
  const id = randomUUID()

  test.for<readonly [string, Fate, RegExp, number]>([
    ['a refusal', fates.answer(403, 'Access requires permission'), /status 403 Access requires permission/, 1],
    ['a failure', fates.answer(500), /status 500/, 1],
    ['a busy gateway', fates.answer(504), /status 504/, 3],
    ['a cut', fates.cutBefore, /other side closed/, 3],
    ['another object', fates.answer(200, { instances: [] }), /no list of authorities/, 1],
    ['text', fates.answer(200, 'OK'), /no list of authorities/, 1]
  ])('%s is an outage of the storage', async ([, fate, message, tries], { peers, folio }) => {
    peers.always('read', fate)
    const reading = folio.sink.stored(bulkCall(peers.url), [id], never)
    await expect(reading).rejects.toMatchObject({ code: 'SINK_UNAVAILABLE', facts: { tenant: 'diku' } })
    await expect(reading).rejects.toThrow(message)
    expect(peers.callsTo('read')).toHaveLength(tries)
  })

  test('goes on after a cut, and asks nobody for nothing', async ({ objects, peers, folio }) => {
    await putEntities(objects, [id])
    await folio.sink.save(bulkCall(peers.url), never)
    peers.next('read', fates.cutMidway, fates.answer(503))
    expect([...(await folio.sink.stored(bulkCall(peers.url), [id], never)).keys()]).toEqual([id])
    expect(await folio.sink.stored(bulkCall(peers.url), [], never)).toEqual(new Map())
    expect(peers.callsTo('read')).toHaveLength(3)
  })
})
