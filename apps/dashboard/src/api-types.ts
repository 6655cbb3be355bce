// What the public API answers, as far as the page reads it.

export interface Operation {
  readonly id: string
  readonly userId: string
  readonly entityType: 'authority' | 'instance'
  readonly operationType: 'remapping' | 'import'
  readonly status: string
  readonly totalNumOfRecords: number
  readonly mappedNumOfRecords: number
  readonly savedNumOfRecords: number
  readonly rejectedNumOfRecords?: number
  readonly startTimeMapping?: string
  readonly endTimeMapping?: string
  readonly startTimeSaving?: string
  readonly endTimeSaving?: string
  readonly control?: 'pause' | 'cancel'
  readonly stopReason?: string
  readonly waitingFor?: { readonly operationId: string }
  readonly drift?: number
  readonly source?: { readonly name: string; readonly format: string }
}

export interface ChunkRun {
  readonly first: number
  readonly chunks: number
  readonly state: 'waiting' | 'running' | 'done' | 'failed' | 'mixed'
  readonly records: number
  readonly processed: number
}

export interface Chunk {
  readonly id: string
  readonly position: number
  readonly numOfRecords: number
  readonly rejectedNumOfRecords: number
  readonly attempts: number
}

export interface Node {
  readonly id: string
  readonly kind: 'coordinator' | 'worker' | 'serve'
  readonly version: string
  readonly host: string
  readonly startedAt: string
  readonly lastSeenAt: string
  readonly slots: number
  readonly busySlots: number
}

export interface SourceFile {
  readonly name: string
  readonly format: string
  readonly lengthBytes: number
  readonly uploadedAt: string
}

export interface Info {
  readonly version: string
  readonly adapters: Readonly<Record<string, string>>
  readonly broker?: { readonly connected: boolean; readonly detail?: string }
  readonly importEnabled: boolean
  readonly defaultTenant?: string
}
