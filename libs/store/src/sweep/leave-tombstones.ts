import type { Transaction } from '../database/database.ts'
import { control } from '../database/per-schema.ts'

const INSERT_TOMBSTONE = `
  insert into ${control}.tombstone (tenant, operation_id, keys, due_at)
  values ($1, $2, $3, clock_timestamp() + $4::int * interval '1 ms')`

const KEYS_PER_TOMBSTONE = 900

/** A lease as the settings have it at most: whoever lost it has stopped writing by then. */
const LATEST_LEASE_MS = 60_000

/**
 * Leaves objects to be deleted, not before the last who may write to them has stopped. Call it in the transaction that ends
 * what named them.
 */
export async function leaveTombstones(
  on: Transaction,
  { tenant, id }: { readonly tenant: string; readonly id: string },
  keys: readonly string[],
  inMs = LATEST_LEASE_MS
): Promise<void> {
  for (let from = 0; from < keys.length; from += KEYS_PER_TOMBSTONE) {
    const some = keys.slice(from, from + KEYS_PER_TOMBSTONE)
    await on.run(INSERT_TOMBSTONE, [tenant, id, some, Math.round(inMs)])
  }
}
