import { RULES_UNAVAILABLE } from '@marc-migrations/domain'
import type { FreezeStore } from '@marc-migrations/domain'
import { perSchema } from '../database/per-schema.ts'
import type { StoreContext } from '../store-context.ts'

const FROZEN_HASH = perSchema((s) => `select rules_hash from ${s}.operation where id = $1`)

const KEEP_SNAPSHOT = perSchema(
  (s) => `insert into ${s}.rules_snapshot (hash, rules, params) values ($1, $2, $3) on conflict do nothing`
)

/** First writer wins; a stage that has ended is not frozen again by a fetch that came late. */
const FREEZE_RULES = perSchema(
  (s) => `
  update ${s}.operation set rules_hash = $2
   where id = $1 and rules_hash is null and status in ('NEW', 'DATA_MAPPING')`
)

const READ_RULES = perSchema((s) => `select hash, rules, params from ${s}.rules_snapshot where hash = $1`)

export function freezeStore({ db, tenants }: StoreContext): FreezeStore {
  return {
    async frozenHash(tenant, operationId) {
      await tenants.require(tenant)
      const [row] = await db.again((on) => on.rows<{ rules_hash: string | null }>(FROZEN_HASH(tenant), [operationId]))
      return row?.rules_hash ?? null
    },

    async freeze(tenant, operationId, snapshot) {
      await tenants.require(tenant)
      // The snapshot stands before anything names it; one that nobody names is found by its content next time.
      if (snapshot !== null) {
        const { hash, rules, params } = snapshot
        await db.again((on) => on.run(KEEP_SNAPSHOT(tenant), [hash, rules, params]))
      }
      await db.again((on) => on.run(FREEZE_RULES(tenant), [operationId, snapshot?.hash ?? RULES_UNAVAILABLE]))
    },

    async rules(tenant, hash) {
      await tenants.require(tenant)
      const [row] = await db.again((on) =>
        on.rows<{ hash: string; rules: string; params: string }>(READ_RULES(tenant), [hash])
      )
      return row ?? null
    }
  }
}
