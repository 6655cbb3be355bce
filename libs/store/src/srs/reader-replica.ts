import type { Logger } from '@marc-migrations/domain'
import { Database, limitsOf } from '../database/database.ts'
import type { Transaction } from '../database/database.ts'
import type { ReaderOptions, StoreOptions } from '../store-options.ts'

/** A replica that failed is left alone for so long; then one call tries it, and no other waits with it. */
const REST_MS = 30_000

/**
 * In a statement of its own before the read: one that tests and reads at once reads what was before it tested. A server that is no
 * replica may be the primary of old, alone and left behind.
 */
const HAS_REPLAYED = `select pg_is_in_recovery() and pg_last_wal_replay_lsn() >= $1::pg_lsn as replayed`

/** A read replica, never trusted to have what it was not seen to have, and never needed. */
export interface ReaderReplica {
  /**
   * Reads there, when it has replayed the primary's log up to this position.
   *
   * @returns null when it has not, or does not answer: ask the primary. Never rejects
   */
  read<T>(position: string, query: (on: Transaction) => Promise<T>): Promise<{ readonly result: T } | null>
  close(): Promise<void>
}

export function readerReplica(options: StoreOptions, reader: ReaderOptions): ReaderReplica {
  const { logger } = options
  const db = new Database({ ...options, host: reader.host, port: reader.port ?? options.port }, limitsOf(options))
  const rest = restAfterFailure(reader.host, logger)
  return {
    async read(position, query) {
      if (!rest.mayTry()) return null
      try {
        const answer = await db.transaction(async (on) => {
          const [row] = await on.rows<{ replayed: boolean | null }>(HAS_REPLAYED, [position])
          return row?.replayed === true ? { result: await query(on) } : null
        })
        rest.answered()
        return answer
      } catch (err) {
        rest.failed(err)
        return null
      }
    },
    close: () => db.close()
  }
}

function restAfterFailure(
  host: string,
  logger: Logger
): { mayTry(): boolean; answered(): void; failed(err: unknown): void } {
  let restUntil = -Infinity
  let failing = false
  return {
    mayTry() {
      const now = performance.now()
      if (now < restUntil) return false
      if (failing) restUntil = now + REST_MS
      return true
    },
    answered() {
      if (failing) logger.info({ host }, 'reader-replica.answers')
      failing = false
      restUntil = -Infinity
    },
    failed(err) {
      if (!failing) logger.warn({ err, host, setting: 'DB_HOST_READER' }, 'reader-replica.failed')
      failing = true
      restUntil = performance.now() + REST_MS
    }
  }
}
