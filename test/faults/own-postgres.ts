import { join } from 'node:path'
import type { ConnectionOptions } from '@marc-migrations/store'
import type pg from 'pg'
import { temporaryPlace } from '../../apps/cli/src/embedded/postgres-place.ts'
import { readPostmaster } from '../../apps/cli/src/embedded/postmaster.ts'
import { startPostgres } from '../../apps/cli/src/embedded/start-postgres.ts'
import { unprivilegedUser } from '../../apps/cli/src/embedded/unprivileged-user.ts'
import { clientOf } from '../support/store-template.ts'

/** A PostgreSQL of one test's own, that may be maltreated. */
export interface OwnPostgres {
  readonly at: () => ConnectionOptions
  /** A statement on a connection of its own, since no connection lasts here. */
  readonly query: <R extends pg.QueryResultRow>(sql: string, params?: readonly unknown[]) => Promise<R[]>
  /** As `pg_ctl restart -m immediate`: no good-bye, recovery at the start. The port is another then. */
  restartImmediately(): Promise<void>
  readonly stop: () => Promise<void>
}

export async function startOwnPostgres(): Promise<OwnPostgres> {
  const ids = unprivilegedUser()
  const place = temporaryPlace(ids)
  const start = () => startPostgres({ place, ids, removeAtEnd: place })
  let server = await start()
  return {
    at: () => server.db,
    query: async <R extends pg.QueryResultRow>(sql: string, params: readonly unknown[] = []) => {
      const client = clientOf(server.db)
      await client.connect()
      try {
        return (await client.query<R>(sql, [...params])).rows
      } finally {
        await client.end()
      }
    },
    restartImmediately: async () => {
      process.kill(readPostmaster(join(place, 'data'))?.pid ?? 0, 'SIGQUIT')
      await server.lost
      server = await start()
    },
    stop: () => server.stop()
  }
}
