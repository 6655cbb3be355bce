import { MigrationError, RULES_UNAVAILABLE } from '@marc-migrations/domain'
import type { FreezeStore, RulesSnapshot } from '@marc-migrations/domain'

/** Rule sets a worker keeps; an authority set with its reference data is about 50 KB of text, an instance set 600 KB. */
const SNAPSHOTS_KEPT = 16

/** Frozen rules by tenant and hash, read once however many chunks ask at the same time. */
export type RulesCache = (tenant: string, hash: string) => Promise<RulesSnapshot | null>

export function createRulesCache(freeze: FreezeStore): RulesCache {
  const kept = new Map<string, Promise<RulesSnapshot>>()
  return async (tenant, hash) => {
    if (hash === RULES_UNAVAILABLE) return null
    const key = `${tenant}/${hash}`
    const found = kept.get(key) ?? readRules(freeze, tenant, hash)
    kept.delete(key)
    kept.set(key, found)
    for (const oldest of kept.keys()) {
      if (kept.size <= SNAPSHOTS_KEPT) break
      kept.delete(oldest)
    }
    try {
      return await found
    } catch (error) {
      kept.delete(key)
      throw error
    }
  }
}

async function readRules(freeze: FreezeStore, tenant: string, hash: string): Promise<RulesSnapshot> {
  const snapshot = await freeze.rules(tenant, hash)
  if (snapshot === null)
    throw new MigrationError('INVARIANT_BROKEN', { what: 'a chunk names rules that are not stored', hash })
  return snapshot
}
