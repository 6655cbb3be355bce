import { setTimeout as sleep } from 'node:timers/promises'
import type { EntityType } from '@marc-migrations/domain'
import type { ConnectionOptions } from '@marc-migrations/store'
import pg from 'pg'

export interface PeerEntity {
  readonly id: string
  readonly _version?: number
  readonly [property: string]: unknown
}

/** What the module keeps of one entity, and how often a bulk call wrote it. */
export interface StoredEntity {
  readonly id: string
  readonly version: number
  readonly entity: Readonly<Record<string, unknown>>
  readonly writes: number
}

export interface PeerTables {
  /** One transaction: all that the version rule allows are written. @returns the reason of each that was not, by position */
  upsert(tenant: string, type: EntityType, entities: readonly PeerEntity[]): Promise<ReadonlyMap<number, string>>
  /** Entities without the ids that are not stored; all of them when no ids are given. */
  read(tenant: string, type: EntityType, ids?: readonly string[]): Promise<readonly StoredEntity[]>
  close(): Promise<void>
}

/** For as long as a test may keep its database away. */
const TRIES = 120
const TRY_EVERY_MS = 250

/** Where FOLIO's module itself has the version; the views of the product read it there. */
const folioTables = {
  authority: { table: 'mod_entities_links.authority', version: '_version' },
  instance: { table: 'mod_inventory_storage.instance', version: `(jsonb ->> '_version')::int` }
} as const

/**
 * Tables `{tenant}_peer_storage.{authority,instance}`, and the versions in FOLIO's own tables where a test has made them.
 *
 * @param upsertRaises whether writing an entity that is stored raises its version, by type
 */
export function peerTables(at: ConnectionOptions, upsertRaises: Readonly<Record<EntityType, boolean>>): PeerTables {
  const { host, port, database, username, password } = at
  const pool = new pg.Pool({ host, port, database, user: username, password, max: 4, application_name: 'folio-peer' })
  pool.on('error', () => {})
  const made = new Map<string, Promise<boolean>>()

  /** @returns whether FOLIO's own table is there */
  async function prepare(tenant: string, type: EntityType): Promise<boolean> {
    // One transaction, which keeps the lock until it is committed: `if not exists` does not see what another is just making.
    await pool.query(`
      select pg_advisory_xact_lock(hashtextextended('peer_storage', 0));
      create schema if not exists ${tenant}_peer_storage;
      create table if not exists ${tenant}_peer_storage.${type} (
        id uuid primary key, _version int not null, jsonb jsonb not null, writes int not null default 1)`)
    const { rows } = await pool.query<{ there: boolean }>(`select to_regclass($1) is not null as there`, [
      `${tenant}_${folioTables[type].table}`
    ])
    return rows[0]?.there === true
  }

  const tablesOf = (tenant: string, type: EntityType): Promise<boolean> => {
    const key = `${tenant} ${type}`
    const ready = made.get(key) ?? prepare(tenant, type)
    made.set(key, ready)
    ready.catch(() => made.delete(key))
    return ready
  }

  return {
    upsert: (tenant, type, entities) =>
      again(async () => {
        const beside = await tablesOf(tenant, type)
        const client = await pool.connect()
        try {
          await client.query('begin')
          // One at a time, readers apart: what a call finds is what it changes.
          await client.query(`lock table ${tenant}_peer_storage.${type} in share row exclusive mode`)
          const { refused, versions } = judge(
            type,
            entities,
            await versionsOf(client, tenant, type, beside, entities),
            upsertRaises[type]
          )
          await write(client, tenant, type, beside, entities, refused, versions)
          await client.query('commit')
          client.release()
          return refused
        } catch (error) {
          client.release(true)
          throw error
        }
      }),
    read: (tenant, type, ids) =>
      again(async () => {
        await tablesOf(tenant, type)
        const { rows } = await pool.query<StoredEntity>(
          `select id::text, _version as version, jsonb as entity, writes from ${tenant}_peer_storage.${type}
            where $1::uuid[] is null or id = any($1) order by id`,
          [ids ?? null]
        )
        return rows
      }),
    close: () => pool.end()
  }
}

async function versionsOf(
  on: pg.PoolClient,
  tenant: string,
  type: EntityType,
  beside: boolean,
  entities: readonly PeerEntity[]
): Promise<Map<string, number>> {
  const { table, version } = folioTables[type]
  const folio = beside ? `select id, ${version} as version from ${tenant}_${table} where id = any($1)` : ''
  const { rows } = await on.query<{ id: string; version: number }>(
    `select id::text, max(version) as version from (
       select id, _version as version from ${tenant}_peer_storage.${type} where id = any($1)
       ${beside ? `union all ${folio}` : ''}
     ) known where version is not null group by id`,
    [entities.map(({ id }) => id)]
  )
  return new Map(rows.map((row) => [row.id, row.version]))
}

/**
 * The modules' rules: an authority may be as old as the stored one, not older; an instance must be of the stored version.
 *
 * @see mod-entities-links (authority), mod-inventory-storage with optimistic locking (instance)
 */
function judge(type: EntityType, entities: readonly PeerEntity[], versions: Map<string, number>, raises: boolean) {
  const refused = new Map<number, string>()
  entities.forEach(({ id, _version }, at) => {
    const stored = versions.get(id)
    const conflict = stored !== undefined && (type === 'authority' ? (_version ?? 0) < stored : _version !== stored)
    if (conflict) refused.set(at, conflictReason(id, stored, _version))
    else if (type === 'authority') versions.set(id, (_version ?? 0) + (raises && stored !== undefined ? 1 : 0))
    else versions.set(id, stored === undefined ? 1 : stored + (raises ? 1 : 0))
  })
  return { refused, versions }
}

function conflictReason(id: string, stored: number, asked: number | undefined): string {
  const versions = `Stored _version is ${stored}, _version of request is ${asked ?? 'null'}`
  return `Cannot update record ${id} because it has been changed (optimistic locking): ${versions}`
}

async function write(
  on: pg.PoolClient,
  tenant: string,
  type: EntityType,
  beside: boolean,
  entities: readonly PeerEntity[],
  refused: ReadonlyMap<number, string>,
  versions: ReadonlyMap<string, number>
): Promise<void> {
  // The last of several with one id wins, as one after another would have it.
  const last = new Map(entities.filter((_, at) => !refused.has(at)).map((entity) => [entity.id, entity]))
  const rows = JSON.stringify([...last.values()].map((entity) => ({ ...entity, _version: versions.get(entity.id) })))
  await on.query(
    `insert into ${tenant}_peer_storage.${type} (id, _version, jsonb)
       select (e ->> 'id')::uuid, (e ->> '_version')::int, e from jsonb_array_elements($1::jsonb) e
     on conflict (id) do update set _version = excluded._version, jsonb = excluded.jsonb, writes = ${type}.writes + 1`,
    [rows]
  )
  if (!beside) return
  const [column, value, change] =
    type === 'authority'
      ? ['_version', `(e ->> '_version')::int`, '_version = excluded._version']
      : ['jsonb', 'e', 'jsonb = excluded.jsonb']
  await on.query(
    `insert into ${tenant}_${folioTables[type].table} (id, ${column})
       select (e ->> 'id')::uuid, ${value} from jsonb_array_elements($1::jsonb) e
     on conflict (id) do update set ${change}`,
    [rows]
  )
}

/** A test may take the database away; the module waits for it, as it would behind a proxy that is patient. */
async function again<T>(act: () => Promise<T>): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      return await act()
    } catch (error) {
      if (tries === TRIES || !isAway(error)) throw error
      await sleep(TRY_EVERY_MS)
    }
  }
}

/** No answer of PostgreSQL at all, or that it ends (57P), or is not yet up. */
function isAway(error: unknown): boolean {
  const code = (error as { code?: unknown }).code
  return !(error instanceof pg.DatabaseError) || (typeof code === 'string' && /^(57P|08|40)/.test(code))
}
