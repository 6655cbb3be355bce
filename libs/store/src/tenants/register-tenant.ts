import { MigrationError, tenantSchema } from '@marc-migrations/domain'
import { control } from '../database/per-schema.ts'
import type { MigrationOptions } from '../store-options.ts'
import { adoptOperations } from './adopt-operations.ts'
import { longTransaction } from './migration-client.ts'
import { runMigrations } from './run-migrations.ts'

/** Who registers at the same time waits here and finds it done; of two spellings the second finds the first. */
const INSERT_TENANT = `insert into ${control}.tenant (id) values ($1) on conflict do nothing`
const HAS_SCHEMA = `select 1 from pg_namespace where nspname = $1`

/**
 * Brings the tenant's schema up to date and registers it, with whatever operations stand in it, in one transaction.
 *
 * @param createSchema false: only a schema that is there is registered
 * @throws {MigrationError} TENANT_UNKNOWN when the schema was dropped meanwhile
 */
export async function registerTenant(options: MigrationOptions, tenant: string, createSchema: boolean): Promise<void> {
  const schema = tenantSchema(tenant)
  await runMigrations(options, 'tenant', schema, createSchema)
  await longTransaction(options, async (on) => {
    if ((await on.run(INSERT_TENANT, [tenant])) === 0) return
    if ((await on.rows(HAS_SCHEMA, [schema])).length === 0) throw new MigrationError('TENANT_UNKNOWN', { schema: 'gone' })
    const operations = await adoptOperations(on, tenant)
    if (operations > 0) options.logger.info({ tenant, operations }, 'tenant.taken-over')
  })
}
