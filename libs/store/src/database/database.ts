import pg from 'pg'
import type { CallLimits, ConnectionOptions, StoreOptions } from '../store-options.ts'
import { SilenceWatch } from './silence-watch.ts'
import { asStoreError, isAnswer, isOutage, isRefusal } from './store-error.ts'

/**
 * Limits of one call in ms: whoever swallows packets costs one call, never the service. A transaction of ours goes from statement to
 * statement at once; one that stands still has lost its node, and the rows it has locked are what all others count on.
 */
const LIMITS = { connectMs: 5_000, queryMs: 15_000, statementMs: 14_000, lockMs: 5_000, idleInTransactionMs: 2_000 }

/** The limits of the settings, ours where they name none. */
export function limitsOf(limits: CallLimits): typeof LIMITS {
  return {
    connectMs: limits.connectTimeoutMs ?? LIMITS.connectMs,
    queryMs: limits.queryTimeoutMs ?? LIMITS.queryMs,
    statementMs: limits.statementTimeoutMs ?? LIMITS.statementMs,
    lockMs: limits.lockTimeoutMs ?? LIMITS.lockMs,
    idleInTransactionMs: limits.idleInTransactionMs ?? LIMITS.idleInTransactionMs
  }
}

const KEEP_ALIVE_MS = 10_000

/** From the first call that waits to all of them refused: five seconds. A server that takes connections that slowly is of no use. */
const SILENCE = { suspectMs: 3_000, answerMs: 2_000, againMs: 1_000 }

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

type PoolOptions = ConnectionOptions &
  Pick<StoreOptions, 'maxPoolSize' | 'minPoolSize' | 'idleTimeoutMs' | 'maxLifetimeMs' | 'logger'>

/**
 * A pool of connections.
 *
 * Keeps no session state, so that a pooler in transaction mode may stand in between. A connection that failed is destroyed, never
 * handed out again: after a timeout the driver would give its late answer to the next statement.
 */
export class Database implements Queries {
  private readonly options: PoolOptions
  private readonly limits: typeof LIMITS
  private pool: pg.Pool
  private begin = 'begin'
  /** Raised by every loss: connections from before it are not trusted, they may have been lost with the one that told. */
  private losses = 0
  private readonly bornAt = new WeakMap<pg.PoolClient, number>()
  private closing: Promise<unknown> | undefined
  private readonly silence: SilenceWatch

  constructor(options: PoolOptions, limits = LIMITS) {
    this.options = options
    this.limits = limits
    this.silence = new SilenceWatch(() => answers(options), SILENCE, options.logger)
    this.pool = this.openPool({
      statement_timeout: limits.statementMs,
      lock_timeout: limits.lockMs,
      idle_in_transaction_session_timeout: limits.idleInTransactionMs
    })
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
      await client.query(this.begin)
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
    this.silence.close()
    this.closing ??= this.pool.end()
    await this.closing
  }

  private async withClient<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient | undefined
    let failure: unknown
    // Also when it is lost between two statements.
    const onLost = (error: Error) => (failure = error)
    const ended = this.silence.begin(() => client !== undefined && cut(client))
    try {
      if (this.silence.isSilent()) throw new Error(NO_ANSWER)
      client = await this.connect()
      client.on('error', onLost)
      return await use(client)
    } catch (error) {
      if (!isAnswer(error) && isOutage(error)) failure ??= error
      throw asStoreError(error, this.options)
    } finally {
      ended()
      client?.removeListener('error', onLost)
      if (client !== undefined && failure !== undefined) this.losses++
      client?.release(failure !== undefined)
    }
  }

  private async connect(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await this.pool.connect().catch((error: unknown) => this.connectToPooler(error))
      if (this.bornAt.get(client) === this.losses) return client
      client.release(true)
    }
  }

  /** A pooler knows none of the server's limits at the start of a session; each transaction then begins by setting them. */
  private async connectToPooler(error: unknown): Promise<pg.PoolClient> {
    if (!(error instanceof Error && error.message.includes('unsupported startup parameter'))) throw error
    if (this.begin === 'begin') {
      this.options.logger.info({ reason: error.message }, 'database.pooler')
      const { statementMs, lockMs, idleInTransactionMs } = this.limits
      this.begin = `begin; set local statement_timeout = ${statementMs}; set local lock_timeout = ${lockMs};
        set local idle_in_transaction_session_timeout = ${idleInTransactionMs}`
      const refused = this.pool
      this.pool = this.openPool({})
      await refused.end()
    }
    return await this.pool.connect()
  }

  private openPool(startup: pg.PoolConfig): pg.Pool {
    const pool = new pg.Pool({
      ...clientConfig(this.options),
      ...startup,
      max: this.options.maxPoolSize,
      min: this.options.minPoolSize ?? 0,
      ...(this.options.idleTimeoutMs === undefined ? {} : { idleTimeoutMillis: this.options.idleTimeoutMs }),
      maxLifetimeSeconds: Math.ceil((this.options.maxLifetimeMs ?? 0) / 1000),
      connectionTimeoutMillis: this.limits.connectMs,
      query_timeout: this.limits.queryMs
    })
    // A connection may be lost at any moment, also while nobody uses it and while it is being closed. Without listeners of
    // the pool's and of each client's own that would end the process.
    const onError = (err: Error) => this.options.logger.debug({ err }, 'database.connection-lost')
    pool.on('error', onError)
    pool.on('connect', (client) => {
      this.bornAt.set(client, this.losses)
      client.on('error', onError)
    })
    return pool
  }
}

/** Told like a limit of the driver that was passed, which it stands in for. */
const NO_ANSWER = 'timeout exceeded when trying to connect: the server is silent'

/** Without a good-bye, for which there is nobody. The driver's types do not show the connection of a pool's client. */
function cut(client: pg.PoolClient): void {
  ;(client as unknown as pg.Client).connection.stream.destroy()
}

/** Whether the server says anything, be it a refusal, on a connection of its own and in time. */
async function answers(options: ConnectionOptions): Promise<boolean> {
  const limits = { connectionTimeoutMillis: SILENCE.answerMs, query_timeout: SILENCE.answerMs }
  const client = new pg.Client({ ...clientConfig(options), ...limits })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch (error) {
    return isAnswer(error) || isRefusal(error)
  } finally {
    void client.end().catch(() => {})
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
    connectionTimeoutMillis: LIMITS.connectMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: KEEP_ALIVE_MS
  }
}

/** Statements of a transaction that was begun on this connection. */
export function onClient(client: pg.ClientBase): Transaction {
  return {
    rows: async <R = Row>(sql: string, params: Params = []) => (await client.query(sql, [...params])).rows as R[],
    run: async (sql: string, params: Params = []) => (await client.query(sql, [...params])).rowCount ?? 0
  }
}
