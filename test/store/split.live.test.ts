import type { SplitRange, Stores } from '@marc-migrations/domain'
import { describe, expect } from 'vitest'
import { aDraft, LEASE_MS, reread, SCHEMA, someChunks, test } from '../support/store-fixtures.ts'

async function aRange(stores: Stores): Promise<{ id: string; range: SplitRange }> {
  const { id } = await stores.operations.start(aDraft({ totalRecords: 99 }))
  return { id, range: await claim(stores, id) }
}

async function claim(stores: Stores, id: string, owner = 'one'): Promise<SplitRange> {
  const range = await stores.split.claimRange('diku', id, owner, LEASE_MS)
  if (range === null) throw new Error('no range to claim')
  return range
}

const positions = async (stores: Stores, id: string) =>
  (await stores.operations.chunks('diku', id, { offset: 0, limit: 100 })).chunks.map(({ position }) => position)

describe('a split', () => {
  test('goes page by page; the first makes it data mapping, the last seals it with the sum of the rows', async ({
    stores
  }) => {
    const { id, range } = await aRange(stores)
    const page = { chunks: someChunks(2), cursor: '2', done: false }
    expect(await stores.split.commitPage('diku', range, page, LEASE_MS)).toEqual({ outcome: 'committed', sealed: false })
    expect(await reread(stores, { tenant: 'diku', id })).toMatchObject({
      status: 'DATA_MAPPING',
      totalRecords: 99,
      chunkingSealed: false,
      startTimeMapping: expect.any(Date) as Date
    })
    const last = { chunks: someChunks(1, 4, 2), cursor: '3', done: true }
    expect(await stores.split.commitPage('diku', range, last, LEASE_MS)).toEqual({ outcome: 'committed', sealed: true })
    expect(await reread(stores, { tenant: 'diku', id })).toMatchObject({ totalRecords: 24, chunkingSealed: true })
    expect(await positions(stores, id)).toEqual([0, 1, 2])
    expect(await stores.split.claimRange('diku', id, 'one', LEASE_MS)).toBeNull()
  })

  test('keeps every kind of window', async ({ stores }) => {
    const { id, range } = await aRange(stores)
    const [a, b, c] = someChunks(3)
    const ids = {
      startRecordId: '00000000-0000-0000-0000-000000000001',
      endRecordId: 'ffffffff-ffff-ffff-ffff-ffffffffffff'
    }
    const windows = [
      { kind: 'ids', ...ids },
      { kind: 'bytes', offset: 5_000_000_000, length: 77, firstRecordIndex: 12_000_000 },
      { kind: 'object', objectKey: 'sub/operation/x_source', firstRecordIndex: 3 }
    ] as const
    const chunks = [a, b, c].flatMap((chunk, i) => (chunk && windows[i] ? [{ ...chunk, window: windows[i] }] : []))
    await stores.split.commitPage('diku', range, { chunks, cursor: 'x', done: true }, LEASE_MS)
    const written = await stores.operations.chunks('diku', id, { offset: 0, limit: 10 })
    expect(written.chunks.map(({ window }) => window)).toEqual(windows)
  })

  test('of nothing is sealed with nothing', async ({ stores }) => {
    const { id, range } = await aRange(stores)
    const answer = await stores.split.commitPage('diku', range, { chunks: [], cursor: '', done: true }, LEASE_MS)
    expect(answer).toEqual({ outcome: 'committed', sealed: true })
    expect(await reread(stores, { tenant: 'diku', id })).toMatchObject({ status: 'DATA_MAPPING', totalRecords: 0 })
  })

  test('is one coordinator at a time, until the lease runs out; then the first one writes nothing more', async ({
    db,
    stores
  }) => {
    const { id, range } = await aRange(stores)
    await stores.split.commitPage('diku', range, { chunks: someChunks(1), cursor: '1', done: false }, LEASE_MS)
    expect(await stores.split.claimRange('diku', id, 'two', LEASE_MS)).toBeNull()
    await db.query(`update ${SCHEMA}.split_range set lease_until = now() - interval '1 ms'`)
    const taken = await claim(stores, id, 'two')
    expect(taken).toMatchObject({ cursor: '1', firstPosition: 1, epoch: 2 })
    const late = { chunks: someChunks(1), cursor: '2', done: true }
    expect(await stores.split.commitPage('diku', range, late, LEASE_MS)).toEqual({ outcome: 'fenced' })
    await stores.split.releaseRange('diku', range)
    expect(await stores.split.claimRange('diku', id, 'three', LEASE_MS)).toBeNull()
    expect(await positions(stores, id)).toEqual([0])
    expect(await stores.split.divideRange('diku', range, '1', [{ from: 'a', to: null }])).toBe('fenced')
  })

  test('renews its lease with every page', async ({ db, stores }) => {
    const { id, range } = await aRange(stores)
    await db.query(`update ${SCHEMA}.split_range set lease_until = now() + interval '1 ms'`)
    await stores.split.commitPage('diku', range, { chunks: [], cursor: '1', done: false }, LEASE_MS)
    expect(await stores.split.claimRange('diku', id, 'two', LEASE_MS)).toBeNull()
  })

  test('is given back at once', async ({ stores }) => {
    const { id, range } = await aRange(stores)
    await stores.split.releaseRange('diku', range)
    expect(await claim(stores, id, 'two')).toMatchObject({ epoch: 2 })
  })

  test('whoever claims at once, one has it', async ({ stores }) => {
    const { id } = await stores.operations.start(aDraft())
    const claims = await Promise.all(
      Array.from({ length: 8 }, (_, i) => stores.split.claimRange('diku', id, `c${i}`, LEASE_MS))
    )
    expect(claims.filter((range) => range !== null)).toHaveLength(1)
  })

  test('of a cancelled operation writes nothing; a paused one may be split on, but not claimed', async ({ stores }) => {
    const { id, range } = await aRange(stores)
    await stores.control.pause('diku', id)
    const page = { chunks: someChunks(1), cursor: '1', done: false }
    expect(await stores.split.commitPage('diku', range, page, LEASE_MS)).toMatchObject({ outcome: 'committed' })
    await stores.split.releaseRange('diku', range)
    expect(await stores.split.claimRange('diku', id, 'two', LEASE_MS)).toBeNull()
    await stores.control.resume('diku', id)
    const again = await claim(stores, id, 'two')
    await stores.control.cancel('diku', id, 'cancelled')
    expect(await stores.split.commitPage('diku', again, page, LEASE_MS)).toEqual({ outcome: 'fenced' })
    expect(await stores.split.claimRange('diku', id, 'two', LEASE_MS)).toBeNull()
  })

  test('writes all of a page or nothing', async ({ stores }) => {
    const { id, range } = await aRange(stores)
    const [twice] = someChunks(1)
    const page = { chunks: twice === undefined ? [] : [twice, twice], cursor: '2', done: true }
    await expect(stores.split.commitPage('diku', range, page, LEASE_MS)).rejects.toThrow('duplicate key')
    expect(await positions(stores, id)).toEqual([])
    await stores.split.releaseRange('diku', range)
    expect(await claim(stores, id)).toMatchObject({ cursor: null, firstPosition: 0 })
  })
})

describe('a range that is divided', () => {
  test('ends at its cursor; its parts are claimed apart and their chunks stand in source order', async ({ stores }) => {
    const { id, range } = await aRange(stores)
    await stores.split.commitPage('diku', range, { chunks: someChunks(2), cursor: 'c', done: false }, LEASE_MS)
    const parts = [
      { from: 'c', to: 'm' },
      { from: 'm', to: null }
    ]
    expect(await stores.split.divideRange('diku', range, 'c', parts)).toBe('divided')
    const first = await claim(stores, id, 'one')
    const second = await claim(stores, id, 'two')
    expect([first, second]).toMatchObject([
      { ...parts[0], cursor: null, firstPosition: 2, epoch: 1 },
      { ...parts[1], cursor: null, firstPosition: 1_000_000_002, epoch: 1 }
    ])
    const done = { chunks: someChunks(2), cursor: 'z', done: true }
    expect(await stores.split.commitPage('diku', second, done, LEASE_MS)).toEqual({ outcome: 'committed', sealed: false })
    const rest = { chunks: someChunks(2), cursor: 'm', done: true }
    expect(await stores.split.commitPage('diku', first, rest, LEASE_MS)).toEqual({ outcome: 'committed', sealed: true })
    expect(await positions(stores, id)).toEqual([0, 1, 2, 3, 1_000_000_002, 1_000_000_003])
    expect((await reread(stores, { tenant: 'diku', id })).totalRecords).toBe(60)
  })

  test('may be divided again without running into its neighbour', async ({ stores }) => {
    const { id, range } = await aRange(stores)
    const halves = [
      { from: 'a', to: 'm' },
      { from: 'm', to: null }
    ]
    await stores.split.divideRange('diku', range, 'a', halves)
    const first = await claim(stores, id)
    await stores.split.divideRange('diku', first, 'a', [
      { from: 'a', to: 'f' },
      { from: 'f', to: 'm' }
    ])
    const ranges = [await claim(stores, id), await claim(stores, id), await claim(stores, id)]
    expect(ranges.map(({ from, firstPosition }) => [from, firstPosition])).toEqual([
      ['a', 0],
      ['f', 500_000_000],
      ['m', 1_000_000_000]
    ])
  })

  test('into nothing is at its end', async ({ stores }) => {
    const { id, range } = await aRange(stores)
    expect(await stores.split.divideRange('diku', range, 'c', [])).toBe('divided')
    expect(await reread(stores, { tenant: 'diku', id })).toMatchObject({ chunkingSealed: true, totalRecords: 0 })
  })
})

test('the total of a count is taken until the seal, then no more', async ({ stores }) => {
  const { id, range } = await aRange(stores)
  await stores.operations.setTotal('diku', id, 1234)
  expect((await reread(stores, { tenant: 'diku', id })).totalRecords).toBe(1234)
  await stores.split.commitPage('diku', range, { chunks: someChunks(1), cursor: '1', done: true }, LEASE_MS)
  await stores.operations.setTotal('diku', id, 1234)
  expect((await reread(stores, { tenant: 'diku', id })).totalRecords).toBe(10)
})
