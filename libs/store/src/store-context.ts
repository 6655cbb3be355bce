import type { Queries } from './database/database.ts'
import type { SecretBox } from './armed/secret-box.ts'
import type { TenantRegistry } from './tenants/tenant-registry.ts'

/** What every verb of the store needs. */
export interface StoreContext {
  readonly db: Queries
  readonly tenants: TenantRegistry
  readonly secrets: SecretBox
  readonly subPath: string
}
