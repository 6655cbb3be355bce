import type {
  ArmedStage,
  Logger,
  OperationType,
  ProtocolSettings,
  RecordSource,
  RulesSource,
  SplitSizes,
  Stores
} from '@marc-migrations/domain'
import { freezeRules, splitIntoChunks } from '@marc-migrations/flow'
import pLimit from 'p-limit'

/** Splits one coordinator works on at a time; others are taken by other coordinators, or wait their turn. */
const SPLITS_AT_ONCE = 4

export interface SplitRoundDeps {
  readonly nodeId: string
  readonly stores: Stores
  readonly rules: RulesSource
  readonly sources: (operationType: OperationType) => RecordSource
  readonly sizes: SplitSizes
  readonly protocol: ProtocolSettings
  readonly logger: Logger
}

export interface SplitRound {
  visit(stage: ArmedStage): Promise<void>
  close(): Promise<void>
}

/**
 * Freezes the rules of a new run and splits its source. A split may take minutes: it goes on beside the round, which goes on
 * visiting the others.
 */
export function splitRound(deps: SplitRoundDeps): SplitRound {
  const { stores, logger } = deps
  const slots = pLimit(SPLITS_AT_ONCE)
  const stopping = new AbortController()
  const running = new Set<Promise<void>>()

  return {
    visit: async (stage) => {
      if (stage.stage !== 'DATA_MAPPING') return
      const operation = await stores.operations.get(stage.tenant, stage.operationId)
      if (operation === null) return stores.armed.disarm(stage)
      if (operation.control !== 'run') return
      if (
        (await freezeRules(stage, operation.entityType, { ...stores, ...deps }, deps.protocol.metadataWaitMs)) === 'frozen'
      ) {
        await stores.wake.signal('room')
      }
      if (operation.chunkingSealed || slots.activeCount >= SPLITS_AT_ONCE) return
      const ports = { ...stores, source: deps.sources(operation.operationType), logger }
      const settings = {
        owner: deps.nodeId,
        leaseMs: deps.protocol.leaseMs,
        sizes: deps.sizes,
        parallelRanges: SPLITS_AT_ONCE
      }
      const split = slots(() => splitIntoChunks(stage, operation, ports, settings, stopping.signal))
        .then(() => {})
        .catch((err: unknown) => logger.warn({ ...stage, err }, 'split.interrupted'))
        .finally(() => running.delete(split))
      running.add(split)
    },
    close: async () => {
      stopping.abort()
      await Promise.all(running)
    }
  }
}
