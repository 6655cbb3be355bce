import { MigrationError, parseTenantId, tenantSchema } from '@marc-migrations/domain'
import type { TenantStore } from '@marc-migrations/domain'
import { control } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'
import type { MigrationOptions } from '../store-options.ts'
import { createViews } from '../srs/create-views.ts'
import { runMigrations } from './run-migrations.ts'

const REGISTER_TENANT = `insert into ${control}.tenant (id) values ($1) on conflict do nothing`
const LIST_TENANTS = `select id from ${control}.tenant order by id`

export function tenantStore({ db, tenants }: StoreContext, options: MigrationOptions): TenantStore {
  return {
    async register(tenant) {
      await refuseOtherSpelling(tenant)
      await runMigrations(options, 'tenant', tenantSchema(tenant))
      await db.again((on) => on.run(REGISTER_TENANT, [tenant]))
      await refuseOtherSpelling(tenant)
      const missing = await createViews({ db }, tenant)
      if (missing.length > 0) options.logger.warn({ tenant, missing }, 'tenant.source-schemas-missing')
    },
    require: (tenant) => tenants.require(tenant),
    list: async () => (await db.again((on) => on.rows<{ id: string }>(LIST_TENANTS))).map(({ id }) => id),
    purge: () => Promise.reject(new MigrationError('INVARIANT_BROKEN', { what: 'not yet' }))
  }

  async function refuseOtherSpelling(tenant: string): Promise<void> {
    const registered = await tenants.find(parseTenantId(tenant))
    if (registered !== null && registered !== tenant) throw new MigrationError('TENANT_UNKNOWN', { tenant })
  }
}
