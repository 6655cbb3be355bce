import { kafkaBus } from '@marc-migrations/broker'
import {
  type ChunkBus,
  type EntitySink,
  type Logger,
  type NodeKind,
  type ObjectStore,
  type OperationType,
  type RecordSource,
  type RulesSource,
  type Stores
} from '@marc-migrations/domain'
import { fileSource } from '@marc-migrations/flow'
import { checkOkapiUrl, directoryRules, folioClient, folioRules, folioSink, type FolioClient } from '@marc-migrations/folio'
import { defaultRules } from '@marc-migrations/mapping'
import { directoryStore, s3Store } from '@marc-migrations/objects'
import { newId, systemClock, systemRandom, type Config } from '@marc-migrations/runtime'
import { migrateControl, openStores, tableBus } from '@marc-migrations/store'
import { migrationsDir } from './cli-paths.ts'

/** How long the table broker sleeps without a wake. */
const TABLE_POLL_MS = 1_000
const BUS_CLOSE_MS = 5_000

/** Every port with the adapter the configuration names; nowhere else do the two meet. */
export interface Adapters {
  readonly stores: Stores
  readonly objects: ObjectStore
  readonly bus: ChunkBus
  readonly rules: RulesSource
  readonly sink: EntitySink
  readonly sources: (operationType: OperationType) => RecordSource
  /** @throws {MigrationError} OKAPI_URL_REFUSED */
  readonly checkOkapiUrl: (url: string) => void
  readonly names: { readonly broker: string; readonly objects: string; readonly rules: string; readonly postgres: string }
  close(): Promise<void>
}

export interface AdapterOptions {
  readonly config: Config
  readonly kind: NodeKind
  readonly nodeId: string
  readonly logger: Logger
  /** The broker can no longer be reached by this process: it should end and be started anew. */
  readonly onDead: (reason: string) => void
}

/**
 * Opens all adapters of a process, after it brought the control schema up to date.
 *
 * @throws {MigrationError} STORE_UNAVAILABLE with address and settings; CONFIG_INVALID for an OKAPI_URL that may not be called
 */
export async function openAdapters({ config, kind, nodeId, logger, onDead }: AdapterOptions): Promise<Adapters> {
  const folio = folioClient({
    okapiUrl: config.okapiUrl,
    okapiUrlAllowed: config.okapiUrlAllowed,
    ...config.http
  })
  const rules = openRules(config, folio)
  const objects = openObjects(config, logger)
  const stores = await openDatabase(config, logger)
  const bus = await openBus()
  const files = fileSource(objects, newId, config.subPath)
  return {
    stores,
    objects,
    bus,
    rules,
    sink: folioSink({ client: folio, ...config.http, clock: systemClock, random: systemRandom, logger }),
    sources: (operationType) => (operationType === 'import' ? files : stores.storedRecords),
    checkOkapiUrl: (url) => void checkOkapiUrl(url, config.okapiUrlAllowed),
    names: {
      broker: config.kafka === undefined ? 'table' : 'kafka',
      objects: config.objects.kind,
      rules: config.rules.kind,
      postgres: `${config.db.host}:${config.db.port}`
    },
    close: async () => {
      await bus.close(BUS_CLOSE_MS)
      await folio.close()
      await stores.close()
    }
  }

  async function openBus(): Promise<ChunkBus> {
    if (config.kafka === undefined) {
      return tableBus({ chunks: stores.chunks, wake: stores.wake, clock: systemClock, pollMs: TABLE_POLL_MS, logger })
    }
    const role = ({ coordinator: 'publisher', worker: 'subscriber', serve: 'both' } as const)[kind]
    const common = { env: config.env, clientId: `marc-migrations-${nodeId}`, slots: config.slots, role }
    return kafkaBus({ ...config.kafka, ...common, logger, clock: systemClock, onDead })
  }
}

/** The database with its control schema as this version needs it. */
export async function openDatabase(config: Pick<Config, 'db' | 'tokenKey' | 'subPath'>, logger: Logger): Promise<Stores> {
  const options = { ...config.db, logger, migrationsDir }
  const { applied, clusterId } = await migrateControl(options)
  logger.info({ applied, clusterId }, 'control-schema.ready')
  const tokenKey = config.tokenKey === undefined ? {} : { tokenKey: config.tokenKey }
  const reader = config.db.hostReader === undefined ? {} : { reader: { host: config.db.hostReader } }
  return openStores({ ...options, ...tokenKey, ...reader, subPath: config.subPath })
}

type ObjectsConfig = Pick<Config, 'objects' | 'subPath' | 'maxChunkBytes'>

export function openObjects({ objects, subPath, maxChunkBytes }: ObjectsConfig, logger: Logger): ObjectStore {
  return objects.kind === 'directory'
    ? directoryStore({ dir: objects.dir, logger })
    : s3Store({ ...objects, subPath, maxChunkBytes, logger })
}

function openRules({ rules }: Config, folio: FolioClient): RulesSource {
  switch (rules.kind) {
    case 'default':
      return { fetch: ({ entityType }) => Promise.resolve(defaultRules[entityType]) }
    case 'directory':
      return directoryRules(rules.dir)
    case 'folio':
      return folioRules(folio)
  }
}
