// A process of its own that keeps the PostgreSQL of one test run: started by whichever suite needs it first, shared by all of
// them, gone with the run, also when that is killed. argv: the run's pid, the directory where the others look for its address.
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ConnectionOptions } from '@marc-migrations/store'
import { temporaryPlace } from '../../apps/cli/src/embedded/postgres-place.ts'
import { startPostgres } from '../../apps/cli/src/embedded/start-postgres.ts'
import { unprivilegedUser } from '../../apps/cli/src/embedded/unprivileged-user.ts'
import { clientOf, makeTemplate } from './store-template.ts'

const LOOK_MS = 300

const [runPid = '', meetingPlace = ''] = process.argv.slice(2)

try {
  await keepServer()
} catch (error) {
  tell({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  await runEnd()
} finally {
  rmSync(meetingPlace, { recursive: true, force: true })
}

async function keepServer(): Promise<void> {
  const ids = unprivilegedUser()
  const place = temporaryPlace(ids)
  const server = await startPostgres({ place, ids, removeAtEnd: place })
  try {
    await forgetDurability(server.db)
    await makeTemplate(server.db)
    tell(server.db)
    await runEnd()
  } finally {
    await server.stop()
  }
}

/** Nothing here outlives the run; a disk shared with others would only make the tests wait. */
async function forgetDurability(at: ConnectionOptions): Promise<void> {
  const client = clientOf(at)
  await client.connect()
  for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes'])
    await client.query(`alter system set ${setting} = off`)
  await client.query('select pg_reload_conf()')
  await client.end()
}

/** Written aside and renamed: whoever sees the file sees all of it. */
function tell(message: object): void {
  writeFileSync(join(meetingPlace, 'server.new'), JSON.stringify(message), { mode: 0o600 })
  renameSync(join(meetingPlace, 'server.new'), join(meetingPlace, 'server.json'))
}

async function runEnd(): Promise<void> {
  while (isAlive(Number(runPid))) await sleep(LOOK_MS)
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
