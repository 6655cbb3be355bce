import { MigrationError, parseTenantId } from '@marc-migrations/domain'
import type { Queries } from '../database/database.ts'
import { control } from '../database/per-schema.ts'

const FIND_TENANT = `select id from ${control}.tenant where lower(id) = lower($1)`
const KNOWN_FOR_MS = 30_000

/** Says who is a tenant. A yes is kept for half a minute, a no is asked again. */
export interface TenantRegistry {
  /** @throws {MigrationError} TENANT_MALFORMED, TENANT_UNKNOWN; the latter also for another spelling of a registered one */
  require(tenant: string): Promise<void>
  /** The registered spelling of this schema's tenant, if any. */
  find(tenant: string): Promise<string | null>
}

export function tenantRegistry(db: Queries): TenantRegistry {
  const knownUntil = new Map<string, number>()
  const find = async (tenant: string): Promise<string | null> => {
    const rows = await db.again((on) => on.rows<{ id: string }>(FIND_TENANT, [parseTenantId(tenant)]))
    return rows[0]?.id ?? null
  }
  return {
    find,
    async require(tenant) {
      const now = performance.now()
      if ((knownUntil.get(tenant) ?? 0) > now) return
      if ((await find(tenant)) !== tenant) throw new MigrationError('TENANT_UNKNOWN', { tenant })
      knownUntil.set(tenant, now + KNOWN_FOR_MS)
    }
  }
}
