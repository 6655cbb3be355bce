import { createHash, randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Claim, EntityType, ObjectStore, SavingWork, Tally } from '@marc-migrations/domain'
import { saveChunk } from '@marc-migrations/flow'
import { folioClient, folioSink } from '@marc-migrations/folio'
import { directoryStore } from '@marc-migrations/objects'
import { systemClock } from '@marc-migrations/runtime'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { folioPeers } from '../support/folio-peers.ts'
import type { FolioPeers } from '../support/folio-peers.ts'
import { fates } from '../support/peer-fate.ts'
import { aDatabase } from '../support/postgres.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { silentLogger } from '../support/silent-logger.ts'

const LIMIT_MS = 900_000
const never = new AbortController().signal
const ids = Array.from({ length: 4 }, (_, i) => `0000000${i}-1111-4111-8111-111111111111`)

let db: TestDatabase
let dir: string
let objects: ObjectStore
let peers: FolioPeers
let client: ReturnType<typeof folioClient>

beforeAll(async () => {
  db = await aDatabase('empty')
})
afterAll(() => db.close())
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'save-'))
  objects = directoryStore({ dir, logger: silentLogger })
  peers = await folioPeers({ db, objects, authorityUpsertRaises: true })
  client = folioClient({ okapiUrl: peers.url, connectTimeoutMs: 3000, timeoutMs: 10_000 })
})
afterEach(async () => {
  await client.close()
  await peers.stop()
  await rm(dir, { recursive: true })
})

const entityOf = (id: string, version = 0): Record<string, unknown> => ({
  id,
  _version: version,
  source: 'MARC',
  personalName: `Name ${id.slice(0, 8)}`,
  precedingTitles: [],
  succeedingTitles: []
})

/** Another tenant each time, so that each test has a storage of its own. */
async function aClaim(
  change: Partial<SavingWork> = {},
  { type = 'authority', lines = ids.map((id) => JSON.stringify(entityOf(id))) }: { type?: EntityType; lines?: string[] } = {}
): Promise<Claim> {
  const chunk = { operationId: randomUUID(), chunkId: randomUUID(), stepId: randomUUID() }
  const key = `mod-marc-migrations/operation/${chunk.operationId}/${chunk.chunkId}_entity`
  const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''))
  await objects.put(key, bytes)
  const file = { key, lengthBytes: bytes.byteLength, sha256: createHash('sha256').update(bytes).digest('hex') }
  return {
    ...chunk,
    tenant: `t${randomUUID().slice(0, 8)}`,
    stage: 'DATA_SAVING',
    epoch: 2,
    attempts: 0,
    position: 0,
    recordCount: lines.length,
    window: { kind: 'ids', startRecordId: ids[0] ?? '', endRecordId: ids[3] ?? '' },
    rulesHash: null,
    entityType: type,
    operationType: 'remapping',
    source: null,
    saving: {
      file,
      recordCount: lines.length,
      publishEvents: true,
      retryReasonsKey: null,
      outcomeUnknown: false,
      silentForMs: null,
      ...change
    }
  }
}

/** The chunk after a saving that left these reasons. */
async function failedFor(claim: Claim, reasons: string): Promise<Claim> {
  const retryReasonsKey = `mod-marc-migrations/operation/${claim.operationId}/${claim.chunkId}_entity_errors`
  await objects.put(retryReasonsKey, Buffer.from(reasons))
  return claim.saving === null ? claim : { ...claim, saving: { ...claim.saving, retryReasonsKey } }
}

async function save(
  claim: Claim,
  headers: Record<string, string> = { 'x-okapi-url': peers.url }
): Promise<Tally | 'silent'> {
  const sink = folioSink({
    client,
    savingCallTimeoutMs: 2000,
    clock: { ...systemClock, sleep: () => Promise.resolve() },
    random: () => 0.5,
    logger: silentLogger
  })
  const ports = { armed: { headers: () => Promise.resolve(headers) }, objects, sink }
  const limits = { dropped: never, signal: never, subPath: 'mod-marc-migrations', saveOutageLimitMs: LIMIT_MS }
  const saved = await saveChunk(claim, ports, limits)
  return saved.outcome === 'done' ? saved.tally : 'silent'
}

async function textOf(key: string | null, from = objects): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of from.read(key ?? '')) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8')
}

/** As a store that keeps the hash of what it took in. */
function tellingHashes(store: ObjectStore): ObjectStore {
  return {
    ...store,
    head: async (key) => {
      const info = await store.head(key)
      return (
        info && {
          ...info,
          sha256: createHash('sha256')
            .update(await textOf(key, store))
            .digest('hex')
        }
      )
    }
  }
}

/** What the storage module itself holds of these ids. */
async function versions(claim: Claim): Promise<number[]> {
  return (await peers.stored(claim.tenant, claim.entityType)).map(({ version }) => version)
}

const target = (claim: Claim) => claim.entityType
const all = { stage: 'DATA_SAVING', saved: 4, failed: 0, rejectedKey: null, reasonsKey: null }

describe('a chunk is saved', () => {
  test('by one call that names its file and says whether events are published', async () => {
    for (const publishEvents of [true, false, null]) {
      const claim = await aClaim({ publishEvents })
      expect(await save(claim)).toEqual({ ...all, outcomeUnknown: false, answered: true })
      const flag = publishEvents === null ? {} : { publishEvents }
      expect(peers.callsTo('authority').at(-1)?.body).toEqual({ recordsFileName: claim.saving?.file?.key, ...flag })
    }
    expect(peers.callsTo('authority')).toHaveLength(3)
  })

  test('without reading its file, where the store tells its hash', async () => {
    const claim = await aClaim()
    const reads: string[] = []
    const told = tellingHashes(objects)
    objects = { ...told, read: (key, options) => (reads.push(key), told.read(key, options)) }
    expect(await save(claim)).toMatchObject({ saved: 4, failed: 0 })
    expect(reads).toEqual([])
  })

  test('without a call when none of its records was mapped', async () => {
    const claim = await aClaim({ file: null, recordCount: 0 })
    expect(await save(claim)).toMatchObject({ saved: 0, failed: 0, reasonsKey: null })
    expect(peers.calls).toEqual([])
  })

  test('but for the records the storage module names', async () => {
    peers.refusals.set(ids[1] ?? '', 'Heading is taken')
    const claim = await aClaim()
    const tally = await save(claim)
    expect(tally).toMatchObject({ saved: 3, failed: 1, reasonsKey: `${claim.saving?.file?.key}_errors` })
    expect(await textOf((tally as Tally).reasonsKey)).toBe(`${ids[1]},Heading is taken\n`)
  })
})

describe('no call is made', () => {
  test.each([
    ['the store tells its hash', true],
    ['it has to be read', false]
  ])('for a file that is gone, or another than the one counted (%s)', async (_, told) => {
    const gone = await aClaim()
    await objects.delete(gone.saving?.file?.key ?? '')
    const shorter = await aClaim()
    await objects.put(shorter.saving?.file?.key ?? '', Buffer.from('{}\n'))
    const another = await aClaim()
    const anothersKey = another.saving?.file?.key ?? ''
    await objects.put(anothersKey, Buffer.from((await textOf(anothersKey)).replaceAll('Name', 'Nome')))
    if (told) objects = tellingHashes(objects)
    for (const claim of [gone, shorter, another]) {
      const tally = await save(claim)
      expect(tally).toMatchObject({ saved: 0, failed: 4, rejectedKey: null, answered: false })
      expect(await textOf((tally as Tally).reasonsKey)).toMatch(/^The file of mapped records is .*: map the chunk again\n$/)
    }
    expect(peers.calls).toEqual([])
  })

  test('with nobody’s headers', async () => {
    await expect(save(await aClaim(), {})).rejects.toMatchObject({ code: 'CREDENTIALS_MISSING' })
    expect(peers.calls).toEqual([])
  })
})

describe('a repeated saving', () => {
  test('sends only the records that failed, in a file of their own, and leaves the mapped file as it is', async () => {
    // The id in the third line's heading names nobody.
    const claim = await failedFor(await aClaim(), `${ids[2]},taken\n${ids[0]}, too old\nno id, ${ids[1]}\n`)
    const before = await textOf(claim.saving?.file?.key ?? '')
    expect(await save(claim)).toMatchObject({ saved: 4, failed: 0 })
    const sent = (peers.callsTo('authority')[0]?.body as { recordsFileName: string }).recordsFileName
    expect(sent).toBe(`mod-marc-migrations/operation/${claim.operationId}/${claim.chunkId}_${claim.stepId}_e2_entity`)
    expect(
      (await textOf(sent))
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as { id: string }).id)
    ).toEqual([ids[0], ids[2]])
    expect(await textOf(claim.saving?.file?.key ?? '')).toBe(before)
  })

  test('counts what an earlier one saved, whatever becomes of the rest', async () => {
    peers.always('authority', fates.answer(500, 'storage\r\nbroke'))
    const claim = await failedFor(await aClaim(), `${ids[2]},taken\n`)
    const tally = await save(claim)
    expect(tally).toMatchObject({ saved: 3, failed: 1, outcomeUnknown: true, answered: true })
    expect(await textOf((tally as Tally).reasonsKey)).toBe('The storage module answered 500: storage broke\n')
  })

  test('sends the whole file when the reasons name no record of it', async () => {
    const claim = await failedFor(await aClaim(), `no id at all\n${randomUUID()},of another chunk\n`)
    expect(await save(claim)).toMatchObject({ saved: 4, failed: 0 })
    expect(peers.callsTo('authority')[0]?.body).toMatchObject({ recordsFileName: claim.saving?.file?.key })
  })
})

describe.each(['authority', 'instance'] as const)('a call for %s records whose answer nobody heard', (type) => {
  test('is made again; conflicts on records that are stored as they were sent were the first call’s', async () => {
    const claim = await aClaim({}, { type })
    peers.next(target(claim), fates.pass)
    await save(claim) // stored at a version that the next call raises
    const known = await versions(claim)
    const lines = ids.map((id, i) => JSON.stringify(entityOf(id, known[i])))
    const next = { ...(await aClaim({}, { type, lines })), tenant: claim.tenant }
    peers.next(target(next), fates.cutAfter)
    expect(await save(next)).toEqual({ ...all, outcomeUnknown: false, answered: true })
    expect(await versions(next)).toEqual(known.map((version) => version + 1))
    expect(peers.callsTo('read').length).toBeGreaterThan(0)
  })

  test('in another attempt, perhaps of another worker, is decided in the same way', async () => {
    const claim = await aClaim({}, { type })
    await save(claim)
    const lines = ids.map((id) => JSON.stringify(entityOf(id, type === 'instance' ? 1 : 0)))
    const first = { ...(await aClaim({}, { type, lines })), tenant: claim.tenant }
    await save(first) // raises the versions; its count was never made
    const second: Claim = {
      ...first,
      epoch: 3,
      saving: first.saving === null ? null : { ...first.saving, outcomeUnknown: true }
    }
    expect(await save(second)).toMatchObject({ saved: 4, failed: 0, reasonsKey: null })
  })

  test('is failed as unknown where the caller may not read back', async () => {
    const claim = await aClaim({}, { type })
    await save(claim)
    const known = await versions(claim)
    const lines = ids.map((id, i) => JSON.stringify(entityOf(id, known[i])))
    const next = { ...(await aClaim({}, { type, lines })), tenant: claim.tenant }
    peers.next(target(next), fates.cutAfter)
    peers.always('read', fates.answer(403, 'no permission'))
    const tally = (await save(next)) as Tally
    expect(tally).toMatchObject({ saved: 0, failed: 4, outcomeUnknown: false })
    expect(await textOf(tally.reasonsKey)).toMatch(/SAVE_OUTCOME_UNKNOWN/)
  })

  test('waits for a module that falls silent before it can be read', async () => {
    const claim = await aClaim({}, { type })
    await save(claim)
    const known = await versions(claim)
    const lines = ids.map((id, i) => JSON.stringify(entityOf(id, known[i])))
    const next = { ...(await aClaim({}, { type, lines })), tenant: claim.tenant }
    peers.next(target(next), fates.cutAfter)
    peers.always('read', fates.cutBefore)
    expect(await save(next)).toBe('silent')
  })

  test('is not believed where somebody else has changed a record meanwhile', async () => {
    const claim = await aClaim({}, { type })
    await save(claim)
    const known = await versions(claim)
    const lines = ids.map((id, i) => JSON.stringify(entityOf(id, known[i])))
    const next = { ...(await aClaim({ outcomeUnknown: true }, { type, lines })), tenant: claim.tenant }
    const changed = { ...entityOf(ids[1] ?? '', known[1]), personalName: 'Somebody else’s' }
    await save({ ...(await aClaim({}, { type, lines: [JSON.stringify(changed)] })), tenant: claim.tenant })
    const tally = (await save(next)) as Tally
    expect(tally).toMatchObject({ saved: 3, failed: 1, outcomeUnknown: false })
    expect(await textOf(tally.reasonsKey)).toMatch(new RegExp(`^${ids[1]},SAVE_OUTCOME_UNKNOWN: .*optimistic locking.*\n$`))
    expect(await textOf(tally.rejectedKey)).toBe(`${lines[1]}\n`)
  })
})

test('a version conflict without any doubt about an earlier call is a failure like others', async () => {
  const claim = await aClaim({}, { type: 'instance' })
  await save(claim)
  const again = { ...(await aClaim({}, { type: 'instance' })), tenant: claim.tenant }
  expect(await save(again)).toMatchObject({ saved: 0, failed: 4, reasonsKey: `${again.saving?.file?.key}_errors` })
  expect(peers.callsTo('read')).toEqual([])
})

describe('a storage module that does not answer', () => {
  test('is waited for until SAVE_OUTAGE_LIMIT_MS has passed, then the chunk fails with the reason', async () => {
    peers.always('authority', fates.cutBefore)
    expect(await save(await aClaim())).toBe('silent')
    expect(await save(await aClaim({ silentForMs: LIMIT_MS - 1 }))).toBe('silent')
    const tally = (await save(await aClaim({ silentForMs: LIMIT_MS }))) as Tally
    expect(tally).toMatchObject({ saved: 0, failed: 4, outcomeUnknown: true, answered: false })
    expect(await textOf(tally.reasonsKey)).toMatch(/^The storage module did not answer for 15 min: .*\n$/)
  })
})
