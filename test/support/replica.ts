import { chownSync, cpSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ConnectionOptions } from '@marc-migrations/store'
import { temporaryPlace } from '../../apps/cli/src/embedded/postgres-place.ts'
import { startPostgres } from '../../apps/cli/src/embedded/start-postgres.ts'
import { unprivilegedUser, type UserIds } from '../../apps/cli/src/embedded/unprivileged-user.ts'
import { clientOf } from './store-template.ts'

export interface ReplicatedServer {
  readonly primary: ConnectionOptions
  readonly replica: ConnectionOptions
  /** Resolves when the replica has replayed everything the primary has written until now. */
  caughtUp(): Promise<void>
  /** Lets the replica fall behind, until `goOn`. */
  lag(): Promise<void>
  goOn(): Promise<void>
  stopReplica(): Promise<void>
  close(): Promise<void>
}

/** A PostgreSQL with a streaming replica, both of this test alone: a base backup by hand needs nothing but the server. */
export async function aReplicatedServer(): Promise<ReplicatedServer> {
  const ids = unprivilegedUser()
  const place = temporaryPlace(ids)
  const first = await startPostgres({ place, ids, removeAtEnd: place })
  const copy = temporaryPlace(ids)
  await baseBackup(first.db, join(place, 'data'), join(copy, 'data'), ids)
  writeFileSync(join(copy, 'password'), `${first.db.password}\n`, { mode: 0o600 })
  const second = await startPostgres({ place: copy, ids, removeAtEnd: copy })
  const at = async <R extends object>(server: ConnectionOptions, sql: string, params: unknown[] = []): Promise<R[]> => {
    const client = clientOf(server)
    await client.connect()
    try {
      return (await client.query<R>(sql, params)).rows
    } finally {
      await client.end()
    }
  }
  let replicaRuns = true
  const stopReplica = async () => {
    if (replicaRuns) await second.stop()
    replicaRuns = false
  }
  return {
    primary: first.db,
    replica: second.db,
    async caughtUp() {
      const [written] = await at<{ lsn: string }>(first.db, 'select pg_current_wal_insert_lsn()::text as lsn')
      for (let tries = 0; tries < 1200; tries++) {
        // Something behind the position, or the end of a page may never be replayed.
        await at(first.db, 'select pg_logical_emit_message(true, $1, $2)', ['test', 'x'])
        const sql = 'select pg_last_wal_replay_lsn() >= $1::pg_lsn as there'
        const [replayed] = await at<{ there: boolean }>(second.db, sql, [written?.lsn])
        if (replayed?.there === true) return
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
      throw new Error('the replica does not catch up')
    },
    lag: async () => void (await at(second.db, 'select pg_wal_replay_pause()')),
    goOn: async () => void (await at(second.db, 'select pg_wal_replay_resume()')),
    stopReplica,
    async close() {
      await stopReplica()
      await first.stop()
    }
  }
}

/** The files between start and stop of a backup, its label, and where to stream from. */
async function baseBackup(primary: ConnectionOptions, from: string, to: string, ids: UserIds | undefined): Promise<void> {
  const client = clientOf(primary)
  await client.connect()
  try {
    await client.query(`select pg_backup_start('replica', true)`)
    cpSync(from, to, {
      recursive: true,
      filter: (file) => !file.endsWith('postmaster.pid') && !file.endsWith('postmaster.opts')
    })
    const { rows } = await client.query<{ labelfile: string }>('select labelfile from pg_backup_stop(false)')
    writeFileSync(join(to, 'backup_label'), rows[0]?.labelfile ?? '')
  } finally {
    await client.end()
  }
  const { host, port, username, password } = primary
  writeFileSync(join(to, 'standby.signal'), '')
  writeFileSync(
    join(to, 'postgresql.auto.conf'),
    `primary_conninfo = 'host=${host} port=${port} user=${username} password=${password}'\n`
  )
  if (ids === undefined) return
  chownSync(to, ids.uid, ids.gid)
  for (const entry of readdirSync(to, { recursive: true, encoding: 'utf8' })) chownSync(join(to, entry), ids.uid, ids.gid)
}
