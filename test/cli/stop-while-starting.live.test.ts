import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { aDatabase } from '../support/postgres.ts'
import type { TestDatabase } from '../support/postgres.ts'
import { databaseEnv, endAll, startProcess } from '../system/processes.ts'

let db: TestDatabase
let dir: string
beforeEach(async () => {
  db = await aDatabase('empty')
  dir = mkdtempSync(join(tmpdir(), 'starting-'))
})
afterEach(async () => {
  await endAll()
  await db.close()
  rmSync(dir, { recursive: true })
})

const migrated = `select 1 where to_regclass('marc_migrations_control.node') is not null`
const registered = 'select 1 from marc_migrations_control.node'

test.each([
  { at: 'before.nodes.register', met: migrated },
  { at: 'before.nodes.heartbeat', met: registered }
])('a worker told to stop while it starts ($at) ends in order', async ({ at, met }) => {
  const env = { ...databaseEnv(db), OBJECTS_DIR: dir, NODE_ENV: 'test', FAILPOINTS: `${at}=wait:2000@1` }
  const worker = await startProcess('worker', env)
  const isMet = async (): Promise<boolean> => (await db.query(met).catch(() => [])).length > 0
  await expect.poll(isMet, { timeout: 60_000 }).toBe(true)
  worker.kill('SIGTERM')
  expect(await worker.ended()).toBe(0)
  const events = worker.log.map(({ msg }) => msg)
  expect(events).toContain('process.shutdown.started')
  expect(events.at(-1)).toBe('process.shutdown.done')
  expect(events).not.toContain('node.not-started')
  expect(events).not.toContain('node.ready')
})
