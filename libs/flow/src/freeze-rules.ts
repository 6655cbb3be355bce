import { createHash } from 'node:crypto'
import { MigrationError } from '@marc-migrations/domain'
import type {
  ArmedStage,
  ArmedStore,
  EntityType,
  FreezeStore,
  Logger,
  RulesSource,
  RulesTexts
} from '@marc-migrations/domain'
import { compileMapping } from '@marc-migrations/mapping'

export interface FreezePorts {
  readonly armed: ArmedStore
  readonly freeze: FreezeStore
  readonly rules: RulesSource
  readonly logger: Logger
}

/**
 * Freezes rules and reference data for the running mapping, before its first chunk is published.
 *
 * Every coordinator may try; the first snapshot written stands. After `metadataWaitMs` without rules the operation is frozen as
 * unavailable: its chunks are published all the same and every record is rejected, as FOLIO's clients expect.
 *
 * @returns `waiting` when the rules could not be had this time and there is time left
 */
export async function freezeRules(
  stage: ArmedStage,
  entityType: EntityType,
  ports: FreezePorts,
  metadataWaitMs: number
): Promise<'frozen' | 'waiting'> {
  if ((await ports.freeze.frozenHash(stage.tenant, stage.operationId)) !== null) return 'frozen'
  try {
    const headers = await ports.armed.headers(stage)
    const texts = await ports.rules.fetch({ tenant: stage.tenant, entityType, headers })
    compileMapping({ entityType, rules: texts.rules, params: texts.params })
    await ports.freeze.freeze(stage.tenant, stage.operationId, { ...texts, hash: rulesHash(texts) })
  } catch (error) {
    if (!isAboutRules(error)) throw error
    const final = error.code === 'RULES_INVALID' || stage.armedForMs >= metadataWaitMs
    ports.logger.warn({ ...stage, err: error, final }, 'rules.unavailable')
    if (!final) return 'waiting'
    await ports.freeze.freeze(stage.tenant, stage.operationId, null)
  }
  return 'frozen'
}

/** Names a snapshot by its content; a length stands between the texts so that no two pairs run together. */
export function rulesHash(texts: RulesTexts): string {
  return createHash('sha256').update(`${texts.rules.length}\n${texts.rules}${texts.params}`).digest('hex')
}

function isAboutRules(error: unknown): error is MigrationError {
  return error instanceof MigrationError && (error.code === 'RULES_UNAVAILABLE' || error.code === 'RULES_INVALID')
}
