import { MigrationError, parseTenantId } from '@marc-migrations/domain'
import type { TenantStore } from '@marc-migrations/domain'
import { control } from '../database/per-schema.ts'
import { isSchemaGone } from '../database/store-error.ts'
import type { StoreContext } from '../store-context.ts'
import type { MigrationOptions } from '../store-options.ts'
import { createViews } from '../srs/create-views.ts'
import { purgeTenant } from './purge-tenant.ts'
import { registerTenant } from './register-tenant.ts'

const LIST_TENANTS = `select id from ${control}.tenant order by id`

export function tenantStore(context: StoreContext, options: MigrationOptions): TenantStore {
  const { db, tenants } = context
  return {
    async register(tenant) {
      await refuseOtherSpelling(tenant)
      const missing = await enable(tenant).catch((error: unknown) => {
        throw isSchemaGone(error) ? new MigrationError('TENANT_PURGED', { tenant }, error) : error
      })
      if (missing.length > 0) options.logger.warn({ tenant, missing }, 'tenant.source-schemas-missing')
    },
    require: (tenant) => tenants.require(tenant),
    list: async () => (await db.again((on) => on.rows<{ id: string }>(LIST_TENANTS))).map(({ id }) => id),
    async purge(tenant, deleteObjects) {
      await refuseOtherSpelling(tenant)
      await purgeTenant(context, options, tenant, deleteObjects)
    }
  }

  async function enable(tenant: string): Promise<readonly string[]> {
    await registerTenant(options, tenant, true)
    await refuseOtherSpelling(tenant)
    return await createViews({ db }, tenant)
  }

  async function refuseOtherSpelling(tenant: string): Promise<void> {
    const registered = await tenants.find(parseTenantId(tenant))
    if (registered !== null && registered !== tenant) throw new MigrationError('TENANT_UNKNOWN', { tenant })
  }
}
