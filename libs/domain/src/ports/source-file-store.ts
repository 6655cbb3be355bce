import type { FileFormat } from '../operation.ts'

/** One row of `source_file`: a name, and the newest object uploaded under it. */
export interface SourceFile {
  readonly name: string
  readonly objectKey: string
  readonly etag: string
  readonly lengthBytes: number
  /** As recognised from the first bytes. */
  readonly format: FileFormat | 'gzip'
  readonly uploadedAt: Date
}

export interface SourceFileStore {
  /** Points the name to a new object; returns the key of the object it pointed to before, if any. */
  point(tenant: string, file: Omit<SourceFile, 'uploadedAt'>): Promise<string | null>
  find(tenant: string, name: string): Promise<SourceFile | null>
  list(tenant: string): Promise<readonly SourceFile[]>
}

export interface TenantStore {
  /** Creates or upgrades the tenant's schema and registers it; idempotent, safe beside others doing the same. */
  register(tenant: string): Promise<void>
  /** Throws TENANT_UNKNOWN when it is not registered, or registered under another spelling. */
  require(tenant: string): Promise<void>
  list(): Promise<readonly string[]>
  /** Drops the tenant's schema with everything in it, its control rows, and, by tombstones, its objects. Repeatable. */
  purge(tenant: string, deleteObjects: boolean): Promise<void>
}
