import { MigrationError, parseTenantId, tenantSchema } from '@marc-migrations/domain'
import type { Queries } from '../database/database.ts'
import { control, quoteIdentifier } from '../database/per-schema.ts'

const FIND_TENANT = `select id from ${control}.tenant where lower(id) = lower($1)`
const HAS_SCHEMA = `select to_regclass($1) is not null as has`
const KNOWN_FOR_MS = 30_000

/** Says who is a tenant. A yes is kept for half a minute, a no is asked again. */
export interface TenantRegistry {
  /**
   * A tenant that the module replaced has left a schema of is taken over at first sight, spelled as here.
   *
   * @throws {MigrationError} TENANT_MALFORMED, TENANT_UNKNOWN; the latter also for another spelling of a registered one
   */
  require(tenant: string): Promise<void>
  /** The registered spelling of this schema's tenant, if any. */
  find(tenant: string): Promise<string | null>
  /** What was known of it is no longer so. */
  forget(tenant: string): void
}

/** @param takeOver registers a tenant whose schema is there already */
export function tenantRegistry(db: Queries, takeOver: (tenant: string) => Promise<void>): TenantRegistry {
  const knownUntil = new Map<string, number>()
  const takingOver = new Map<string, Promise<void>>()
  // Who asked before something was forgotten must not remember it after.
  let forgotten = 0

  const find = async (tenant: string): Promise<string | null> => {
    const rows = await db.again((on) => on.rows<{ id: string }>(FIND_TENANT, [parseTenantId(tenant)]))
    return rows[0]?.id ?? null
  }

  const hasSchema = async (tenant: string): Promise<boolean> => {
    const table = `${quoteIdentifier(tenantSchema(tenant))}.operation`
    const [row] = await db.again((on) => on.rows<{ has: boolean }>(HAS_SCHEMA, [table]))
    return row?.has === true
  }

  /** Once for all who ask at the same time. */
  const takeOverOnce = async (tenant: string): Promise<void> => {
    const running = takingOver.get(tenant) ?? takeOver(tenant).finally(() => takingOver.delete(tenant))
    takingOver.set(tenant, running)
    await running
  }

  return {
    find,
    async require(tenant) {
      const now = performance.now()
      if ((knownUntil.get(tenant) ?? 0) > now) return
      const asked = forgotten
      let registered = await find(tenant)
      if (registered === null && (await hasSchema(tenant))) {
        await takeOverOnce(tenant)
        registered = await find(tenant)
      }
      if (registered !== tenant) throw new MigrationError('TENANT_UNKNOWN', { tenant })
      if (asked === forgotten) knownUntil.set(tenant, now + KNOWN_FOR_MS)
    },
    forget(tenant) {
      forgotten++
      knownUntil.delete(tenant)
    }
  }
}
