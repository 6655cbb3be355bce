import type { Database } from './database/database.ts'
import type { SecretBox } from './armed/secret-box.ts'
import type { TenantRegistry } from './tenants/tenant-registry.ts'

/** What every verb of the store needs. */
export interface StoreContext {
  readonly db: Database
  readonly tenants: TenantRegistry
  readonly secrets: SecretBox
  readonly subPath: string
}
