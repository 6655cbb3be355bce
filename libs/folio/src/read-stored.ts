import { MigrationError } from '@marc-migrations/domain'
import type { EntityType, SinkRequest } from '@marc-migrations/domain'
import type { FolioCall } from './http/folio-client.ts'
import { jsonObject } from './http/json-object.ts'
import type { Tried } from './http/try-thrice.ts'
import { withholdSecrets } from './http/withhold-secrets.ts'

type StoredEntity = Readonly<Record<string, unknown>>

/** Keeps the address of a query below what gateways take. */
const IDS_PER_QUERY = 50
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const storages: Readonly<Record<EntityType, { readonly path: string; readonly list: string }>> = {
  authority: { path: '/authority-storage/authorities', list: 'authorities' },
  instance: { path: '/instance-storage/instances', list: 'instances' }
}

/** Where the module of this entity type saves files. */
export const bulkPath = (entityType: EntityType): string => `${storages[entityType].path}/bulk`

/**
 * Asks the storage module for entities, by queries of fifty ids, one after the other.
 *
 * @param ask one call, tried as often as it is worth
 * @returns by id; what is not stored is not there, nor is what cannot be an id
 * @throws {MigrationError} SINK_UNAVAILABLE for any answer but a list, with its `status` where there is one
 */
export async function readStored(
  request: SinkRequest,
  ids: readonly string[],
  ask: (call: FolioCall) => Promise<Tried>
): Promise<ReadonlyMap<string, StoredEntity>> {
  const { path, list } = storages[request.entityType]
  const wanted = [...new Set(ids)].filter((id) => UUID.test(id))
  const stored = new Map<string, StoredEntity>()
  for (let from = 0; from < wanted.length; from += IDS_PER_QUERY) {
    const some = wanted.slice(from, from + IDS_PER_QUERY)
    const query = encodeURIComponent(`id==(${some.map((id) => `"${id}"`).join(' or ')})`)
    const call: FolioCall = { method: 'GET', path: `${path}?query=${query}&limit=${some.length}`, ...request }
    const { last } = await ask(call)
    for (const entity of entitiesOf(last, list, request)) stored.set(String(entity['id']), entity)
  }
  return stored
}

function entitiesOf(answer: Tried['last'], list: string, { tenant, headers }: SinkRequest): readonly StoredEntity[] {
  const unavailable = (reason: string, status?: number) =>
    new MigrationError('SINK_UNAVAILABLE', { tenant, reading: list, status, reason })
  if (answer.kind === 'failure') throw unavailable(answer.reason)
  const { status, text } = answer
  if (status < 200 || status > 299) throw unavailable(`status ${status} ${withholdSecrets(text ?? '', headers)}`, status)
  const entities = text === null ? undefined : jsonObject(text)?.[list]
  if (!Array.isArray(entities)) throw unavailable(`the answer holds no list of ${list}`)
  return entities as StoredEntity[]
}
