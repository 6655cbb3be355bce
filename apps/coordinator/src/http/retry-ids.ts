import { refused } from './api-error.ts'

/**
 * The chunks a retry names, each once. Counted before repeats and nulls are dropped, as the contract counts.
 *
 * @param most CHUNK_RETRYING_MAX_IDS_COUNT
 */
export function retryIds(chunkIds: readonly (string | null)[], most: number): readonly string[] {
  if (chunkIds.length === 0) throw refused('Cannot retry the operation: no chunk IDs provided')
  if (chunkIds.length > most) {
    throw refused(`The maximum allowed number of chunk IDs is '${most}', but received '${chunkIds.length}'.`)
  }
  return [...new Set(chunkIds.filter((id) => id !== null))]
}
