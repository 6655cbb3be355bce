import { createHash } from 'node:crypto'
import { MigrationError } from '@marc-migrations/domain'
import type {
  ArmedStage,
  ArmedStore,
  CheckStore,
  Clock,
  EntityType,
  FreezeStore,
  Logger,
  RulesSource,
  RulesTexts
} from '@marc-migrations/domain'
import { compileMapping } from '@marc-migrations/mapping'
import { stopReason } from './stop-reason.ts'

export interface FreezePorts {
  readonly armed: Pick<ArmedStore, 'headers' | 'revisit'>
  readonly check: Pick<CheckStore, 'stop'>
  readonly freeze: FreezeStore
  readonly rules: RulesSource
  readonly clock: Clock
  readonly logger: Logger
}

/** No other coordinator asks for the rules while one does: longer than any call to a rules source may take. */
const HOLD_MS = 40_000
const ASK_AGAIN_MS = 1000

/**
 * Freezes rules and reference data for the running mapping, before its first chunk is published.
 *
 * They are fetched once: who asks holds the stage, and should it die, another asks after that. The first snapshot written stands. After
 * `metadataWaitMs` without rules the operation is frozen as unavailable: its chunks are published all the same and every record is rejected,
 * as FOLIO's clients expect.
 *
 * @returns `waiting` when the rules could not be had this time, and there is time left or somebody has brought headers since; `stopped`
 * when nobody's headers are stored to ask with: the stage was taken over in the middle and ends for the reason `interrupted`
 */
export async function freezeRules(
  stage: ArmedStage,
  entityType: EntityType,
  ports: FreezePorts,
  metadataWaitMs: number
): Promise<'frozen' | 'waiting' | 'stopped'> {
  if ((await ports.freeze.frozenHash(stage.tenant, stage.operationId)) !== null) return 'frozen'
  const began = ports.clock.monotonic()
  await ports.armed.revisit('split', stage, HOLD_MS)
  try {
    const headers = await ports.armed.headers(stage)
    const texts = await ports.rules.fetch({ tenant: stage.tenant, entityType, headers })
    compileMapping({ entityType, rules: texts.rules, params: texts.params })
    await ports.freeze.freeze(stage.tenant, stage.operationId, { ...texts, hash: rulesHash(texts) })
  } catch (error) {
    if (error instanceof MigrationError && error.code === 'CREDENTIALS_MISSING') {
      return (await ports.check.stop(stage, { headers: 'missing' }, stopReason(error))) ? 'stopped' : 'waiting'
    }
    if (!isAboutRules(error)) {
      await ports.armed.revisit('split', stage, ASK_AGAIN_MS)
      throw error
    }
    const waitedMs = stage.armedForMs + ports.clock.monotonic() - began
    const final = error.code !== 'RULES_UNAVAILABLE' || waitedMs >= metadataWaitMs
    ports.logger.warn({ ...stage, err: error, final }, 'rules.unavailable')
    if (!final) {
      await ports.armed.revisit('split', stage, ASK_AGAIN_MS)
      return 'waiting'
    }
    await ports.freeze.freeze(stage.tenant, stage.operationId, null)
  }
  await ports.armed.revisit('split', stage, 0)
  return 'frozen'
}

/** Names a snapshot by its content; a length stands between the texts so that no two pairs run together. */
export function rulesHash(texts: RulesTexts): string {
  return createHash('sha256').update(`${texts.rules.length}\n${texts.rules}${texts.params}`).digest('hex')
}

const ABOUT_RULES: readonly string[] = ['RULES_UNAVAILABLE', 'RULES_INVALID', 'OKAPI_URL_REFUSED']

function isAboutRules(error: unknown): error is MigrationError {
  return error instanceof MigrationError && ABOUT_RULES.includes(error.code)
}
