import { readFileSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import type { ObjectStore } from '@marc-migrations/domain'
import { directoryStore } from '@marc-migrations/objects'
import { beforeEach, describe, expect, test } from 'vitest'
import { collectResults, type CollectedResults } from '../../apps/cli/src/run/collect-results.ts'
import type { Chunk } from '../../apps/cli/src/run/migration-api.ts'
import { openOutFiles, prepareOutDir } from '../../apps/cli/src/run/out-files.ts'
import { aDirectory } from './command.ts'
import { silentLogger } from '../support/silent-logger.ts'

let dir: string
let objects: ObjectStore
beforeEach(async () => {
  dir = aDirectory()
  objects = directoryStore({ dir: join(dir, 'objects'), logger: silentLogger })
  writeFileSync(join(dir, 'source.mrc'), 'AAABBBCCCDDD')
  await objects.put('c0', Buffer.from('{"id":1}\n{"id":2}\n'))
  await objects.put('c1', Buffer.from('{"id":3}\n'))
  await objects.put('c1-rejected', Buffer.from('{"index":3,"offset":9,"length":3,"recordId":"r"}\n'))
  await objects.put('c1-reasons', Buffer.from('r,why, oh why\n'))
})

const first: Chunk = {
  id: 'a',
  position: 0,
  numOfRecords: 2,
  mappedNumOfRecords: 2,
  rejectedNumOfRecords: 0,
  entityFile: 'c0'
}
const second: Chunk = {
  ...{ id: 'b', position: 1, numOfRecords: 2, mappedNumOfRecords: 1, rejectedNumOfRecords: 1 },
  ...{ entityFile: 'c1', rejectedFile: 'c1-rejected', reasonsFile: 'c1-reasons' }
}

async function collect(chunks: readonly Chunk[], outDir?: string): Promise<CollectedResults> {
  const file = await open(join(dir, 'source.mrc'))
  async function* all(): AsyncIterable<Chunk> {
    yield* await Promise.resolve(chunks)
  }
  const out = outDir === undefined ? undefined : await openOutFiles(outDir)
  try {
    const found = await collectResults(all(), objects, file, out)
    await out?.finish({ done: true })
    return found
  } finally {
    await file.close()
  }
}

describe('the results of a run', () => {
  test('are the lines of all chunks in order, and the bytes of what was rejected', async () => {
    const out = join(dir, 'out')
    prepareOutDir(out)
    const found = await collect([first, second], out)

    expect(found.differences).toEqual([])
    expect(found.rejectedIndexes).toEqual([3])
    expect(found.reasons).toEqual([{ reason: 'why, oh why', count: 1, firstIndex: 3 }])
    expect(found.chunks).toEqual([
      { position: 0, read: 2, mapped: 2, rejected: 0 },
      { position: 1, read: 2, mapped: 1, rejected: 1 }
    ])
    const text = (name: string) => readFileSync(join(out, name), 'utf8')
    expect(text('entities.jsonl')).toBe('{"id":1}\n{"id":2}\n{"id":3}\n')
    expect(text('rejected.jsonl')).toBe('{"index":3,"offset":9,"length":3,"recordId":"r","reason":"why, oh why"}\n')
    expect(text('rejected.mrc')).toBe('DDD')
    expect(JSON.parse(text('report.json'))).toEqual({ done: true })
  })

  test.each([
    ['a line too few', { ...first, numOfRecords: 3, mappedNumOfRecords: 3 }, 'chunk 0: 2 entity lines, 3 counted'],
    [
      'a rejected record that nobody counted',
      { ...second, rejectedNumOfRecords: 0 },
      'chunk 1: 1 rejected lines, 0 counted'
    ],
    ['a record in neither file', { ...second, numOfRecords: 3 }, 'chunk 1: 1 + 1 lines, 3 records read']
  ])('that differ from the rows are named: %s', async (_what, chunk, difference) => {
    expect((await collect([chunk])).differences).toContain(difference)
  })

  test('a later run over the same directory replaces what an earlier one left', async () => {
    const out = join(dir, 'out')
    prepareOutDir(out)
    await collect([first, second], out)
    prepareOutDir(out)
    await collect([first], out)
    expect(readFileSync(join(out, 'entities.jsonl'), 'utf8')).toBe('{"id":1}\n{"id":2}\n')
    expect(readFileSync(join(out, 'rejected.mrc'), 'utf8')).toBe('')
  })

  test('an interrupted run leaves no report that could be taken for its own', async () => {
    const out = join(dir, 'out')
    prepareOutDir(out)
    await collect([first], out)
    await expect(collect([{ ...first, entityFile: 'gone' }], out)).rejects.toMatchObject({ code: 'OBJECT_NOT_FOUND' })
    expect(() => readFileSync(join(out, 'report.json'))).toThrow(/ENOENT/)
  })
})
