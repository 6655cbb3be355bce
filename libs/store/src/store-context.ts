import type { Queries } from './database/database.ts'
import type { ReaderReplica } from './srs/reader-replica.ts'
import type { SecretBox } from './armed/secret-box.ts'
import type { TenantRegistry } from './tenants/tenant-registry.ts'

/** What every verb of the store needs. */
export interface StoreContext {
  readonly db: Queries
  readonly tenants: TenantRegistry
  readonly secrets: SecretBox
  readonly subPath: string
  /** Records of chunks are read there when it has come far enough. */
  readonly replica?: ReaderReplica
}
