import pg from 'pg'
import type { Logger } from '@marc-migrations/domain'
import type { ConnectionOptions } from '../store-options.ts'
import { asStoreError, isAnswer, isOutage } from './store-error.ts'

/** Limits of one call: whoever swallows packets costs one call, never the service. */
const CONNECT_MS = 5_000
const QUERY_MS = 15_000
const STATEMENT_MS = 14_000
const LOCK_MS = 5_000
const IDLE_IN_TRANSACTION_MS = 30_000
const KEEP_ALIVE_MS = 10_000

export type Row = Record<string, unknown>
export type Params = readonly unknown[]

/** One transaction's statements; valid until its function returns. */
export interface Transaction {
  rows<R = Row>(sql: string, params?: Params): Promise<R[]>
  /** @returns rows changed */
  run(sql: string, params?: Params): Promise<number>
}

/** The two ways to use the database: one statement that commits itself, or a transaction. */
export interface Queries extends Transaction {
  /** For statements that may be done twice: after a lost connection once more on a fresh one. */
  again<T>(statement: (on: Transaction) => Promise<T>): Promise<T>
  /**
   * Begin, the function, commit; rolled back when it throws.
   *
   * @throws STORE_UNAVAILABLE also when the connection was lost during COMMIT: then nobody knows whether it was done
   */
  transaction<T>(work: (on: Transaction) => Promise<T>): Promise<T>
}

/**
 * A pool of connections.
 *
 * Keeps no session state, so a pooler in transaction mode may stand in between. A connection that failed is destroyed, never
 * handed out again: after a timeout the driver would give its late answer to the next statement.
 */
export class Database implements Queries {
  private readonly pool: pg.Pool
  private readonly at: { readonly host: string; readonly port: number }

  constructor(options: ConnectionOptions & { readonly maxPoolSize: number; readonly logger: Logger }) {
    this.at = { host: options.host, port: options.port }
    this.pool = new pg.Pool({
      ...clientConfig(options),
      max: options.maxPoolSize,
      connectionTimeoutMillis: CONNECT_MS,
      query_timeout: QUERY_MS,
      statement_timeout: STATEMENT_MS,
      lock_timeout: LOCK_MS,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS
    })
    // Without a listener an idle connection that is lost would end the process.
    this.pool.on('error', (err) => options.logger.debug({ err }, 'database.connection-lost'))
  }

  async rows<R = Row>(sql: string, params: Params = []): Promise<R[]> {
    return await this.withClient(async (client) => (await client.query(sql, [...params])).rows as R[])
  }

  async run(sql: string, params: Params = []): Promise<number> {
    return await this.withClient(async (client) => (await client.query(sql, [...params])).rowCount ?? 0)
  }

  async again<T>(statement: (on: Transaction) => Promise<T>): Promise<T> {
    try {
      return await statement(this)
    } catch (error) {
      if (!isOutage(error)) throw error
      return await statement(this)
    }
  }

  async transaction<T>(work: (on: Transaction) => Promise<T>): Promise<T> {
    return await this.withClient(async (client) => {
      await client.query('begin')
      try {
        const result = await work(onClient(client))
        await client.query('commit')
        return result
      } catch (error) {
        if (!(isOutage(error) && !isAnswer(error))) await client.query('rollback')
        throw error
      }
    })
  }

  async close(): Promise<void> {
    await this.pool.end()
  }

  private async withClient<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient | undefined
    let failure: unknown
    // The pool stops listening while a client is out; a connection lost between two statements must not end the process.
    const onLost = (error: Error) => (failure = error)
    try {
      client = await this.pool.connect()
      client.on('error', onLost)
      return await use(client)
    } catch (error) {
      if (!isAnswer(error) && isOutage(error)) failure ??= error
      throw asStoreError(error, this.at)
    } finally {
      client?.removeListener('error', onLost)
      client?.release(failure !== undefined)
    }
  }
}

/** What every connection is opened with, pooled or not. */
export function clientConfig(options: ConnectionOptions): pg.ClientConfig {
  return {
    host: options.host,
    port: options.port,
    database: options.database,
    user: options.username,
    password: options.password,
    application_name: 'marc-migrations',
    connectionTimeoutMillis: CONNECT_MS,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS
  }
}

function onClient(client: pg.PoolClient): Transaction {
  return {
    rows: async <R = Row>(sql: string, params: Params = []) => (await client.query(sql, [...params])).rows as R[],
    run: async (sql: string, params: Params = []) => (await client.query(sql, [...params])).rowCount ?? 0
  }
}
