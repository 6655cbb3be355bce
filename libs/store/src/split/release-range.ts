import type { SplitRange } from '@marc-migrations/domain'
import { perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

const RELEASE_RANGE = perSchema(
  (s) => `update ${s}.split_range set lease_owner = null, lease_until = null where id = $1 and epoch = $2 and not done`
)

export async function releaseRange({ db, tenants }: StoreContext, tenant: string, range: SplitRange): Promise<void> {
  await tenants.require(tenant)
  await db.again((on) => on.run(RELEASE_RANGE(tenant), [range.id, range.epoch]))
}
