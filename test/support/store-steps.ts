import type pg from 'pg'
import { openSecretBox } from '../../libs/store/src/armed/secret-box.ts'
import type { Params, Queries, Row, Transaction } from '../../libs/store/src/database/database.ts'
import type { StoreContext } from '../../libs/store/src/store-context.ts'
import type { TestDatabase } from './postgres.ts'
import { test as base } from './store-fixtures.ts'

/** A party of an interleaving: a connection of its own, on which the store's statements run one by one, as the test lets them. */
export interface Party {
  readonly context: StoreContext
  /** Stops before the first statement that contains the text, `commit` included; resolves when it has come there. */
  stopBefore(text: string): Promise<void>
  /** Stops before its n-th statement from now, `begin` and `commit` included, if it comes to that; resolves when it has. */
  stopBeforeStatement(n: number): Promise<void>
  /** Goes on from where it stopped, and stops no more. */
  goOn(): void
  /** Every statement from now on is part of one transaction, until `commit`. */
  begin(): Promise<void>
  commit(): Promise<void>
  /**
   * Lets statements wait for rows that they would skip: it stands for a statement that looked before another transaction
   * committed and comes to the row after. Such a moment is too short to be led to by hand.
   */
  waitForRows(waits?: boolean): void
}

/** Runs the real statements of the store on one connection, so that two of them can be led past each other by hand. */
export async function aParty(db: TestDatabase): Promise<Party> {
  const client = await db.client()
  let stop: { readonly isHere: (sql: string) => boolean; readonly reached: () => void } | undefined
  let goOn = () => {}
  let skips = true
  const query = async (text: string, params: Params = []): Promise<pg.QueryResult> => {
    const sql = skips ? text : text.replaceAll('skip locked', '')
    if (stop?.isHere(sql) === true) {
      const { reached } = stop
      stop = undefined
      const gate = new Promise<void>((resolve) => (goOn = resolve))
      reached()
      await gate
    }
    return await client.query(sql, [...params])
  }
  const statements: Transaction = {
    rows: async <R = Row>(sql: string, params?: Params) => (await query(sql, params)).rows as R[],
    run: async (sql: string, params?: Params) => (await query(sql, params)).rowCount ?? 0
  }
  const queries: Queries = {
    ...statements,
    again: (statement) => statement(statements),
    transaction: async (work) => {
      await query('begin')
      try {
        const result = await work(statements)
        await query('commit')
        return result
      } catch (error) {
        await query('rollback')
        throw error
      }
    }
  }
  return {
    context: {
      db: queries,
      secrets: openSecretBox('of the tests'),
      subPath: 'test',
      tenants: { require: () => Promise.resolve(), find: (tenant) => Promise.resolve(tenant), forget: () => {} }
    },
    stopBefore: (text) => new Promise((reached) => (stop = { isHere: (sql) => sql.includes(text), reached })),
    stopBeforeStatement: (n) => new Promise((reached) => (stop = { isHere: () => n-- <= 0, reached })),
    goOn: () => {
      stop = undefined
      goOn()
    },
    begin: async () => {
      await client.query('begin')
    },
    commit: async () => {
      await client.query('commit')
    },
    waitForRows: (waits = true) => {
      skips = !waits
    }
  }
}

/** Resolves once some connection of this database waits for a lock: the one led there has come to it. */
export async function someoneWaits(db: TestDatabase): Promise<void> {
  for (let tries = 0; tries < 500; tries++) {
    const rows = await db.query(
      `select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`
    )
    if (rows.length > 0) return
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  throw new Error('nobody waits')
}

/** Two parties that run the real statements, each on its own connection, led past each other by hand. */
export const test = base.extend<{ one: Party; other: Party }>({
  one: async ({ db }, use) => use(await aParty(db)),
  other: async ({ db }, use) => use(await aParty(db))
})
