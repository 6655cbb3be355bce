import { operationPrefix, tenantSchema } from '@marc-migrations/domain'
import { cancelOperation } from '../control/cancel-operation.ts'
import type { Transaction } from '../database/database.ts'
import { control, perSchema, quoteIdentifier } from '../database/per-schema.ts'
import { isOutage, isSchemaGone } from '../database/store-error.ts'
import type { StoreContext } from '../store-context.ts'
import type { MigrationOptions } from '../store-options.ts'
import { leaveTombstones } from '../sweep/leave-tombstones.ts'
import { longTransaction } from './migration-client.ts'

const RUNNING = perSchema(
  (s) => `select id from ${s}.operation where status in ('NEW', 'DATA_MAPPING', 'DATA_SAVING') order by id`
)

/** Nobody waits longer for one who works in the schema, and nobody who works there for this. */
const SHORT_WAITS = `set local lock_timeout = '5s'`
const TRIES = 5

const HAS_TABLE = `select to_regclass($1) is not null as has`
const LOCK_OPERATIONS = perSchema((s) => `lock table ${s}.operation in access exclusive mode`)
const OPERATION_IDS = perSchema((s) => `select id from ${s}.operation`)

/** By their names, not by what they begin with: a tenant that is registered again may have uploaded others by then. */
const UPLOADED = perSchema(
  (s) => `
  select object_key as key from ${s}.source_file
  union
  select source_object_key from ${s}.operation where source_object_key is not null`
)

const FORGET_TENANT = [
  `delete from ${control}.armed_check where tenant = $1`,
  `delete from ${control}.stage_secret where tenant = $1`,
  `delete from ${control}.save_lock where tenant = $1`,
  `delete from ${control}.tenant where id = $1`
]

/** Stands for the operation of a tombstone that belongs to none. */
const NO_OPERATION = '00000000-0000-0000-0000-000000000000'

/**
 * Running operations are cancelled first, each for itself, so that nobody works in the schema; then schema and control rows go
 * in one transaction.
 */
export async function purgeTenant(
  context: StoreContext,
  options: MigrationOptions,
  tenant: string,
  deleteObjects: boolean
): Promise<void> {
  if ((await context.tenants.find(tenant)) === tenant) await cancelAll(context, tenant)
  for (let tries = 1; ; tries++) {
    try {
      await longTransaction(options, (on) => dropTenant(context, on, tenant, deleteObjects))
      break
    } catch (error) {
      if (!isOutage(error) || tries === TRIES) throw error
    }
  }
  context.tenants.forget(tenant)
}

async function cancelAll(context: StoreContext, tenant: string): Promise<void> {
  try {
    const running = await context.db.again((on) => on.rows<{ id: string }>(RUNNING(tenant)))
    for (const { id } of running) await cancelOperation(context, tenant, id, 'tenant purged')
  } catch (error) {
    if (!isSchemaGone(error)) throw error
  }
}

async function dropTenant(context: StoreContext, on: Transaction, tenant: string, deleteObjects: boolean): Promise<void> {
  const schema = quoteIdentifier(tenantSchema(tenant))
  await on.run(SHORT_WAITS)
  if (await has(on, `${schema}.operation`)) {
    await on.run(LOCK_OPERATIONS(tenant))
    if (deleteObjects) await buryObjects(context, on, tenant)
  }
  await on.run(`drop schema if exists ${schema} cascade`)
  for (const forget of FORGET_TENANT) await on.run(forget, [tenant])
}

async function buryObjects({ subPath }: StoreContext, on: Transaction, tenant: string): Promise<void> {
  for (const { id } of await on.rows<{ id: string }>(OPERATION_IDS(tenant)))
    await leaveTombstones(on, { tenant, id }, [operationPrefix(subPath, id)])
  if (!(await has(on, `${quoteIdentifier(tenantSchema(tenant))}.source_file`))) return
  const keys = (await on.rows<{ key: string }>(UPLOADED(tenant))).map(({ key }) => key)
  await leaveTombstones(on, { tenant, id: NO_OPERATION }, keys)
}

async function has(on: Transaction, table: string): Promise<boolean> {
  const [row] = await on.rows<{ has: boolean }>(HAS_TABLE, [table])
  return row?.has === true
}
