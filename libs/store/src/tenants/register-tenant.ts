import { MigrationError, tenantSchema } from '@marc-migrations/domain'
import { control, perSchema } from '../database/per-schema.ts'
import type { MigrationOptions } from '../store-options.ts'
import { adoptOperations } from './adopt-operations.ts'
import { longTransaction } from './migration-client.ts'
import { countMigrations, runMigrations } from './run-migrations.ts'

/** Who registers at the same time waits here and finds it done; of two spellings the second finds the first. */
const INSERT_TENANT = `insert into ${control}.tenant (id) values ($1) on conflict do nothing`
/** A purge takes this table first, too: two that begin with different ones would wait for each other. */
const HOLD_OPERATIONS = perSchema((s) => `lock table ${s}.operation in access share mode`)
const APPLIED = perSchema((s) => `select count(*)::int as migrations from ${s}.schema_migration`)

/**
 * Brings the tenant's schema up to date and registers it, with whatever operations stand in it, in one transaction. Its migrations
 * are counted again there: a purge may have come after them, and who enables the tenant anew may have made a part of the schema by
 * then.
 *
 * @param createSchema false: only a schema that is there is registered
 * @throws {MigrationError} TENANT_UNKNOWN when the schema was dropped meanwhile, or is a part of one that is being made anew
 */
export async function registerTenant(options: MigrationOptions, tenant: string, createSchema: boolean): Promise<void> {
  const schema = tenantSchema(tenant)
  await runMigrations(options, 'tenant', schema, createSchema)
  const known = await countMigrations(options, 'tenant')
  await longTransaction(options, async (on) => {
    if ((await on.run(INSERT_TENANT, [tenant])) === 0) return
    await on.run(HOLD_OPERATIONS(tenant))
    const [applied] = await on.rows<{ migrations: number }>(APPLIED(tenant))
    if ((applied?.migrations ?? 0) < known) throw new MigrationError('TENANT_UNKNOWN', { schema: 'gone' })
    const operations = await adoptOperations(on, tenant)
    if (operations > 0) options.logger.info({ tenant, operations }, 'tenant.taken-over')
  })
}
