import type {
  ChunkBus,
  Clock,
  Logger,
  NewId,
  ObjectStore,
  OperationType,
  ProtocolSettings,
  RecordSource,
  RulesSource,
  SplitSizes,
  Stores
} from '@marc-migrations/domain'
import { startOperation } from '@marc-migrations/flow'
import type { ClusterNode } from '@marc-migrations/flow'
import { sniffFormat } from '@marc-migrations/marc'
import type { HttpSettings } from './http/http-deps.ts'
import { buildHttp } from './http/server.ts'
import { startRounds } from './rounds.ts'

export interface CoordinatorDeps {
  readonly node: ClusterNode
  readonly settings: HttpSettings & {
    readonly host: string
    /** 0 = any free port. */
    readonly port: number
    readonly protocol: ProtocolSettings
    readonly sizes: SplitSizes
  }
  readonly stores: Stores
  readonly objects: ObjectStore
  readonly bus: ChunkBus
  readonly rules: RulesSource
  readonly sources: (operationType: OperationType) => RecordSource
  /** @throws {MigrationError} OKAPI_URL_REFUSED */
  readonly checkOkapiUrl: (url: string) => void
  readonly clock: Clock
  readonly newId: NewId
  readonly logger: Logger
}

export interface Coordinator {
  /** The port it listens on. */
  readonly port: number
  close(): Promise<void>
}

/** The REST API, and the rounds over the armed stages; any number of these share the work. */
export async function startCoordinator(deps: CoordinatorDeps): Promise<Coordinator> {
  const { stores, newId, settings, logger } = deps
  const http = buildHttp({
    ...deps,
    sniffFormat,
    startOperation: (request) => startOperation(request, { ...stores, sources: deps.sources, newId, logger })
  })
  await http.listen({ host: settings.host, port: settings.port })
  const address = http.server.address()
  const port = typeof address === 'object' && address !== null ? address.port : settings.port
  logger.info({ port, host: settings.host, adapters: settings.adapters }, 'coordinator.listening')
  const rounds = startRounds({ ...deps, nodeId: deps.node.self.id, protocol: settings.protocol, sizes: settings.sizes })

  return {
    port,
    close: async () => {
      await http.close()
      await rounds.close()
    }
  }
}
