import type {
  ArmedStage,
  Clock,
  Logger,
  Operation,
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
  readonly clock: Clock
  readonly logger: Logger
}

export interface SplitRound {
  visit(stage: ArmedStage): Promise<void>
  close(): Promise<void>
}

/**
 * Freezes the rules of a new run and splits its source. Either may take minutes: they go on beside the round, which goes on
 * visiting the others.
 */
export function splitRound(deps: SplitRoundDeps): SplitRound {
  const { stores, logger } = deps
  const splits = pLimit(SPLITS_AT_ONCE)
  const freezing = new Set<string>()
  const stopping = new AbortController()
  const running = new Set<Promise<void>>()

  const beside = (stage: ArmedStage, work: Promise<unknown>): void => {
    const going = work
      .catch((err: unknown) => logger.warn({ ...stage, err }, 'split.interrupted'))
      .then(() => {
        running.delete(going)
      })
    running.add(going)
  }
  const freeze = async (stage: ArmedStage, operation: Operation): Promise<void> => {
    freezing.add(operation.id)
    try {
      const answer = await freezeRules(stage, operation.entityType, { ...stores, ...deps }, deps.protocol.metadataWaitMs)
      if (answer === 'frozen') await stores.wake.signal('room')
    } finally {
      freezing.delete(operation.id)
    }
  }
  const split = (stage: ArmedStage, operation: Operation): Promise<unknown> => {
    const ports = { ...stores, source: deps.sources(operation.operationType), logger }
    const settings = {
      owner: deps.nodeId,
      leaseMs: deps.protocol.leaseMs,
      sizes: deps.sizes,
      parallelRanges: SPLITS_AT_ONCE
    }
    return splits(() => splitIntoChunks(stage, operation, ports, settings, stopping.signal))
  }

  return {
    visit: async (stage) => {
      if (stage.stage !== 'DATA_MAPPING') return
      const operation = await stores.operations.get(stage.tenant, stage.operationId)
      if (operation === null) return stores.armed.disarm(stage)
      if (operation.control !== 'run') return
      if (operation.rulesHash === null && !freezing.has(operation.id)) beside(stage, freeze(stage, operation))
      if (operation.chunkingSealed || splits.activeCount >= SPLITS_AT_ONCE) return
      beside(stage, split(stage, operation))
    },
    close: async () => {
      stopping.abort()
      await Promise.all(running)
    }
  }
}
