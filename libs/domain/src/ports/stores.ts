import type { AuditStore } from './audit-store.ts'
import type { ChunkStore } from './chunk-store.ts'
import type { NodeStore } from './node-store.ts'
import type { RecordSource } from './record-source.ts'
import type { ReportBuildStore, ReportStore } from './report-store.ts'
import type { ControlStore, OperationStore } from './operation-store.ts'
import type { SourceFileStore, TenantStore } from './source-file-store.ts'
import type { ArmedStore, CheckStore, FreezeStore, PublishStore, SplitStore, SweepStore } from './stage-store.ts'
import type { Wake } from './wake.ts'

/** Everything the database holds, by the verb that needs it. */
export interface Stores {
  readonly operations: OperationStore
  readonly control: ControlStore
  readonly armed: ArmedStore
  readonly freeze: FreezeStore
  readonly split: SplitStore
  readonly publish: PublishStore
  readonly chunks: ChunkStore
  readonly check: CheckStore
  readonly sweep: SweepStore
  readonly reports: ReportStore
  readonly reportBuilds: ReportBuildStore
  readonly nodes: NodeStore
  readonly sourceFiles: SourceFileStore
  readonly tenants: TenantStore
  /** FOLIO's source record storage, which shares the database. */
  readonly storedRecords: RecordSource
  readonly wake: Wake
  readonly audit: AuditStore
  /** Resolves when the database answers. */
  ping(): Promise<void>
  close(): Promise<void>
}
