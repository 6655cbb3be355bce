import type { EntityType } from '../operation.ts'

/** Mapping rules and reference data as two JSON texts, the form FOLIO's mapping metadata has. */
export interface RulesTexts {
  readonly rules: string
  readonly params: string
}

/** Frozen for one operation, named by the SHA-256 of both texts in lower-case hex. */
export interface RulesSnapshot extends RulesTexts {
  readonly hash: string
}

/** Stands for the hash when the rules could not be had within METADATA_WAIT_MS: every record is then rejected. */
export const RULES_UNAVAILABLE = 'unavailable'

export interface RulesRequest {
  readonly tenant: string
  readonly entityType: EntityType
  /** Okapi headers of the request that started the stage, token included; never logged. */
  readonly headers: Readonly<Record<string, string>>
}

/** Where rules come from: FOLIO, our own defaults, or a directory. */
export interface RulesSource {
  /** @throws {MigrationError} RULES_UNAVAILABLE (tried again), RULES_INVALID (the operation is frozen as unavailable) */
  fetch(request: RulesRequest): Promise<RulesTexts>
}
