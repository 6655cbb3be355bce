import type { RemapTask } from '@marc-migrations/domain'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { mappingThreads } from '../../apps/worker/src/mapping-threads.ts'
import type { MappingThreads } from '../../apps/worker/src/mapping-threads.ts'
import { silentLogger } from '../support/silent-logger.ts'

const entry = new URL('../fixtures/threads/misbehaving-thread.js', import.meta.url)
const never = new AbortController().signal
const MINUTE = 60_000

function task(tenant: string): RemapTask {
  return { tenant, entityType: 'authority', records: { kind: 'rows', rows: [] }, rules: null }
}

describe('mapping threads', () => {
  let engine: MappingThreads
  beforeEach(() => {
    engine = mappingThreads({ threads: 1, entry, logger: silentLogger })
  })
  afterEach(() => engine.close())

  test.each(['exit', 'heap'])(
    'a thread that dies (%s) fails its chunk as suspect, and the next chunk is mapped',
    async (how) => {
      await expect(engine.remap(task(how), MINUTE, never)).rejects.toMatchObject({ code: 'MAPPER_CRASHED', kind: 'suspect' })
      await expect(engine.remap(task('fine'), MINUTE, never)).resolves.toMatchObject({ mapped: 1 })
    }
  )

  test('a thread past its deadline is ended and replaced', async () => {
    await expect(engine.remap(task('loop'), 300, never)).rejects.toMatchObject({ code: 'DEADLINE_PASSED', kind: 'suspect' })
    await expect(engine.remap(task('fine'), MINUTE, never)).resolves.toMatchObject({ mapped: 1 })
  })

  test('a chunk that no thread was free for is not suspect: another one hung', async () => {
    const hung = engine.remap(task('loop'), 1500, never)
    const waited = engine.remap(task('fine'), 200, never)
    await expect(waited).rejects.toMatchObject({ name: 'TimeoutError' })
    await expect(hung).rejects.toMatchObject({ code: 'DEADLINE_PASSED' })
    await expect(engine.remap(task('fine'), MINUTE, never)).resolves.toMatchObject({ mapped: 1 })
  })

  test('work that is no longer ours is dropped at once, while the thread goes on', async () => {
    const dropped = new AbortController()
    const work = engine.remap(task('loop'), 2000, dropped.signal)
    dropped.abort()
    await expect(work).rejects.toMatchObject({ code: 'LEASE_LOST' })
  })
})
